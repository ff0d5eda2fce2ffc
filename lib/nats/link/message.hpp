// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_NATS_LINK_MESSAGE_HPP
#define ISOLATTE_LIB_NATS_LINK_MESSAGE_HPP

#include "logic/moment.hpp"

#include <isolatte/config.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

struct __natsMsg;

namespace isolatte::inline v0_1::nats::link {

inline std::span<const std::byte> bytes_of(std::string_view text) noexcept {
  return std::as_bytes(std::span{text});
}

struct header {
  std::string_view name;
  std::string_view value;
};

struct free_message {
  void operator()(__natsMsg* what) const noexcept;
};
using message_pointer = std::unique_ptr<__natsMsg, free_message>;

/// A message that has arrived. Views are valid as long as the message.
class message {
 public:
  /// Makes an empty message: no subject, no bytes.
  message() = default;
  message(message_pointer what, isolatte::logic::moment arrived) noexcept
      : what_{std::move(what)}, arrived_{arrived} {}
  /// Makes a message of status 503 without its subject, as a connection without TLS tells it.
  static message no_responders(isolatte::logic::moment arrived) noexcept {
    message made{nullptr, arrived};
    made.is_no_responders_ = true;
    return made;
  }

  std::string_view subject() const noexcept;
  /// Empty if the sender expects no reply.
  std::string_view reply() const noexcept;
  std::span<const std::byte> data() const noexcept;
  std::string_view text() const noexcept;

  /// The first value of the header whose name is exactly this.
  std::optional<std::string_view> header(const char* name) const noexcept;
  /// The code of a message of the server's own: 100 idle heartbeat, 404 no messages, 408 expired,
  /// 409 limits, 503 no responders; 0 for any other message.
  int status() const noexcept;
  /// When a thread of the connection read the message.
  isolatte::logic::moment arrived() const noexcept { return arrived_; }

 private:
  message_pointer what_;
  isolatte::logic::moment arrived_{};
  bool is_no_responders_ = false;
};

}  // namespace isolatte::inline v0_1::nats::link

#endif
