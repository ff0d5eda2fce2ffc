// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// The jobs that talk. All but message_of() runs in children.

#include "conversation.hpp"

#include <condition_variable>
#include <mutex>
#include <system_error>

namespace soak {

namespace {

void await(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any asked;
  std::unique_lock lock{mutex};
  asked.wait(lock, stop, [] { return false; });
}

void tell(talk_channel& with, const talk& what) {
  for (std::uint32_t i = 0; i != what.count; ++i)
    if (!with.post(message_of(what, i)))
      throw std::system_error{std::make_error_code(std::errc::broken_pipe), "post"};
}

}  // namespace

std::string message_of(const talk& what, std::uint32_t nth) {
  std::string text = std::to_string(what.deed.number) + ':' + std::to_string(nth);
  text.resize(text.size() + what.deed.size % 3000, '.');
  return text;
}

long converse(std::stop_token stop, talk_channel& with, const talk& what) {
  switch (what.how) {
    case manner::tell:
    case manner::tell_and_act: tell(with, what); break;
    case manner::echo:
      for (;;) {
        auto const message = with.receive();
        if (message)
          with.post(*message);
        else if (!stop.stop_requested())
          break;
        else if (!with.try_receive())
          break;
      }
      break;
    case manner::obey:
      with.post(message_of(what, 0));
      await(stop);
      break;
    case manner::progress:
      for (std::uint32_t i = 0; i != what.count * 20; ++i) with.post_latest(message_of(what, i));
      break;
    case manner::pour:
      for (std::uint32_t i = 0; with.post(message_of(what, i)); ++i) {
      }
      break;
    case manner::end: break;
  }
  return perform<long>(what.deed);
}

}  // namespace soak
