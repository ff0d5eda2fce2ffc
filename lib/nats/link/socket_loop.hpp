// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_NATS_LINK_SOCKET_LOOP_HPP
#define ISOLATTE_LIB_NATS_LINK_SOCKET_LOOP_HPP

#include "nats/link/descriptor.hpp"

#include <isolatte/config.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>

struct __natsConnection;
struct __natsMsg;
struct __natsOptions;

namespace isolatte::inline v0_1::nats::link {

/// Reads and writes the socket of a connection in the place of libnats's threads: a thread that
/// publishes writes by itself, and one thread reads, which also writes what the kernel does not
/// take at once. A message changes threads once less on its way out, and once less on its way in.
///
/// Only for connections without TLS. If OpenSSL wants more bytes, libnats waits for them.
class socket_loop {
 public:
  socket_loop() = default;
  socket_loop(const socket_loop&) = delete;
  socket_loop& operator=(const socket_loop&) = delete;
  ~socket_loop() { stop(); }

  /// The connection that is made with these options is read and written here.
  /// @return a natsStatus
  int take_over(__natsOptions* options) noexcept;
  /// Begins to read. The options were those of this connection.
  /// @param heed called by the reading thread when there may be messages; does not throw
  /// @throws std::system_error if there can be no thread
  void start(__natsConnection* of, std::function<void()> heed);
  /// Ends the connection. When this returns, no function touches it any more.
  void stop() noexcept;

  /// The server encrypts, and was not asked to. Such a connection is ended.
  bool is_encrypted() const noexcept { return is_encrypted_; }
  /// Counts how often something has come, or the kernel has taken more after it had no room.
  std::uint64_t signs_of_life() const noexcept { return signs_of_life_; }
  /// Counts the attempts to write. There are none while the kernel has no room.
  std::uint64_t writes() const noexcept { return writes_; }
  /// Waits for another one than these.
  /// @return whether there was one in that time, or the connection has ended
  bool wait_for_write(std::uint64_t after, std::chrono::milliseconds longest);

  // For any thread, and none of them blocks.

  /// Hands a message over, which is written with the next flush().
  /// @return a natsStatus; part of the message may be written later though it is not NATS_OK
  int publish(__natsMsg* what) noexcept;
  /// Ends the connection soon, and nothing is written from here on.
  void break_off() noexcept;
  /// Gives the kernel what it takes. The reading thread gives it the rest.
  void flush() noexcept;
  /// Bytes that are not given to the kernel yet.
  std::size_t unsent() const noexcept;
  /// Whether the kernel has no room for these.
  bool is_full() const noexcept { return is_full_; }

 private:
  struct callbacks;

  void run(__natsConnection* of, const std::function<void()>& heed) noexcept;
  /// @return the first byte that waits to be read, 0 if the connection has ended, and -1 if there
  /// is nothing yet
  int first_byte() noexcept;
  /// @pre turn_ is held
  void write(__natsConnection* of) noexcept;
  void tell_writer() noexcept;
  void wake() noexcept;

  /// A second descriptor of the socket: libnats may close its own while the thread polls.
  descriptor socket_;
  int socket_of_libnats_ = -1;
  __natsConnection* attached_ = nullptr;
  descriptor wake_;
  std::thread thread_;

  /// The owner reads or writes. libnats reads without its own lock, and closes the socket when a
  /// write fails.
  std::mutex turn_;
  std::atomic<bool> wants_to_write_ = false;
  /// The last write was of a part, or is under way.
  std::atomic<bool> is_full_ = false;
  std::atomic<std::uint64_t> signs_of_life_ = 0;
  std::atomic<std::uint64_t> writes_ = 0;
  std::atomic<bool> is_detached_ = false;
  std::atomic<bool> is_encrypted_ = false;

  /// A thread waits for a write.
  std::atomic<bool> is_awaited_ = false;
  std::mutex written_mutex_;
  std::condition_variable written_;

  mutable std::mutex mutex_;
  __natsConnection* connection_ = nullptr;
};

}  // namespace isolatte::inline v0_1::nats::link

#endif
