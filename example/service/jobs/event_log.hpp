// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_EXAMPLE_SERVICE_EVENT_LOG_HPP
#define ISOLATTE_EXAMPLE_SERVICE_EVENT_LOG_HPP

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

namespace service {

/// The last server-sent events. Each page that watches reads them at its own pace; one that is too
/// slow misses some, and is told so.
class event_log {
 public:
  explicit event_log(const boost::asio::any_io_executor& executor);

  /// Appends an event.
  /// @param data a line
  void push(std::string_view type, std::string_view data);

  /// The number that the next event will have.
  std::uint64_t next() const noexcept { return first_ + events_.size(); }

  /// The events from one number on, as text.
  /// @return nothing if some of them are gone
  std::optional<std::string> since(std::uint64_t number) const;

  /// Completes when there is an event of that number, or there will be no more.
  boost::asio::awaitable<void> wait(std::uint64_t number);

  /// Says that there will be no more.
  void close();
  bool is_closed() const noexcept { return is_closed_; }

  /// The number that an event's id names, if it is an id of this log.
  std::optional<std::uint64_t> number_of(std::string_view id) const;

  /// Writes an event as server-sent events are written.
  std::string format(std::uint64_t number, std::string_view type, std::string_view data) const;

 private:
  static constexpr std::size_t most_events = 1024;

  /// Numbers of another run of the service mean nothing in this one.
  std::string run_;
  std::uint64_t first_ = 1;
  std::deque<std::string> events_;
  bool is_closed_ = false;
  /// Never expires; cancelled for each event.
  boost::asio::steady_timer bell_;
};

}  // namespace service

#endif
