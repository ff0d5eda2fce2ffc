// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "event_log.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <charconv>
#include <random>
#include <utility>

namespace service {

namespace asio = boost::asio;

event_log::event_log(const asio::any_io_executor& executor)
    : run_{std::to_string(std::random_device{}())},
      bell_{executor, asio::steady_timer::time_point::max()} {}

void event_log::push(std::string_view type, std::string_view data) {
  if (is_closed_) return;
  events_.push_back(format(next(), type, data));
  if (events_.size() > most_events) {
    events_.pop_front();
    ++first_;
  }
  bell_.cancel();
}

std::optional<std::string> event_log::since(std::uint64_t number) const {
  if (number < first_ || number > next()) return std::nullopt;
  std::string made;
  for (std::uint64_t i = number; i != next(); ++i) made += events_[i - first_];
  return made;
}

asio::awaitable<void> event_log::wait(std::uint64_t number) {
  while (!is_closed_ && number >= next()) {
    auto rung = bell_.async_wait(asio::as_tuple(asio::use_awaitable));
    co_await std::move(rung);
  }
}

void event_log::close() {
  is_closed_ = true;
  bell_.cancel();
}

std::optional<std::uint64_t> event_log::number_of(std::string_view id) const {
  if (!id.starts_with(run_) || id.size() <= run_.size() || id[run_.size()] != '-')
    return std::nullopt;
  id.remove_prefix(run_.size() + 1);
  std::uint64_t number = 0;
  auto const [end, error] = std::from_chars(id.data(), id.data() + id.size(), number);
  if (error != std::errc{} || end != id.data() + id.size()) return std::nullopt;
  return number;
}

std::string event_log::format(std::uint64_t number, std::string_view type,
                              std::string_view data) const {
  std::string made = "id: " + run_ + '-' + std::to_string(number) + "\nevent: ";
  made += type;
  made += "\ndata: ";
  made += data;
  made += "\n\n";
  return made;
}

}  // namespace service
