// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_NATS_LINK_CLOSING_CONNECTIONS_HPP
#define ISOLATTE_LIB_NATS_LINK_CLOSING_CONNECTIONS_HPP

#include <isolatte/config.hpp>

#include <condition_variable>
#include <cstddef>
#include <mutex>

namespace isolatte::inline v0_1::nats::link {

/// Counts the connections that still send what has been published. A program that exits waits for
/// them, half a second at most: what they have would not arrive, and OpenSSL would be gone while
/// their threads use it.
class closing_connections {
 public:
  static void begin() noexcept;
  static void end() noexcept;
  /// From here on the program waits when it exits. If connections are encrypted, this is called
  /// when OpenSSL is in use: what is registered last is called first.
  static void wait_at_exit(bool are_encrypted) noexcept;

 private:
  closing_connections() noexcept;
  static closing_connections& instance() noexcept;
  static void wait() noexcept;

  int const process_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t count_ = 0;
};

}  // namespace isolatte::inline v0_1::nats::link

#endif
