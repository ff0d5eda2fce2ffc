// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "text_output.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstddef>
#include <utility>

#include <poll.h>
#include <unistd.h>

namespace isolatte_run {

namespace {

constexpr int between_questions = 50;  // milliseconds

}  // namespace

text_output::text_output(int descriptor, std::string name, patience wait)
    : descriptor_{descriptor}, name_{std::move(name)}, wait_{std::move(wait)} {}

void text_output::write(std::string_view text) {
  while (!error_ && !text.empty() && await_room()) {
    // A pipe that has room has room for this much: no write blocks, and keeps the patience waiting.
    auto const size = wait_ ? std::min<std::size_t>(text.size(), PIPE_BUF) : text.size();
    auto const written = ::write(descriptor_, text.data(), size);
    if (written != -1)
      text.remove_prefix(static_cast<std::size_t>(written));
    else if (errno != EINTR && errno != EAGAIN)
      fail(errno);
  }
}

/// @return false if the output has failed
bool text_output::await_room() {
  for (;;) {
    pollfd room{descriptor_, POLLOUT, 0};
    int const ready = ::poll(&room, 1, wait_ ? between_questions : -1);
    // The write tells of what is wrong with the descriptor.
    if (ready > 0) return true;
    if (ready == -1 && errno != EINTR) {
      fail(errno);
      return false;
    }
    if (wait_ && !wait_()) {
      fail(ECANCELED);
      return false;
    }
  }
}

void text_output::fail(int error) noexcept {
  if (!error_) error_.assign(error, std::generic_category());
}

void text_output::check() const {
  if (error_) throw std::system_error{error_, "writing " + name_};
}

}  // namespace isolatte_run
