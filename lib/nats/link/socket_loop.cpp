// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "nats/link/socket_loop.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <utility>

#include <fcntl.h>
#include <nats/nats.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

namespace isolatte::inline v0_1::nats::link {

namespace {

/// Whether this thread writes what libnats wants to be written, without being woken for it.
thread_local bool writes_itself = false;

/// The first byte of a record of TLS is one of these. NATS begins each message with a letter or a
/// sign.
constexpr int first_record_type = 20;
constexpr int last_record_type = 24;
/// From this version on, libnats leaves it to the loop to close the socket. Releases of a minor
/// version may be exchanged without a new build.
constexpr std::uint32_t loop_closes_since = 0x030903;

}  // namespace

/// The functions that libnats calls.
struct socket_loop::callbacks {
  static natsStatus attach(void** to, void* loop, natsConnection* of, natsSock socket) noexcept {
    auto& self = *static_cast<socket_loop*>(loop);
    *to = loop;
    self.attached_ = of;
    self.socket_of_libnats_ = socket;
    self.socket_ = descriptor{::fcntl(socket, F_DUPFD_CLOEXEC, 0)};
    self.wake_ = descriptor{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    return self.socket_ && self.wake_ ? NATS_OK : NATS_SYS_ERROR;
  }
  static natsStatus read(void*, bool) noexcept { return NATS_OK; }
  static natsStatus write(void* loop, bool begins) noexcept {
    auto& self = *static_cast<socket_loop*>(loop);
    self.wants_to_write_ = begins;
    if (!begins) self.is_full_ = false;
    if (begins && !writes_itself) self.wake();
    return NATS_OK;
  }
  static natsStatus detach(void* loop) noexcept {
    auto& self = *static_cast<socket_loop*>(loop);
    // No thread reads or writes: this one has the turn, or there is no other.
    if (nats_GetVersionNumber() >= loop_closes_since) ::close(self.socket_of_libnats_);
    self.is_detached_ = true;
    self.wake();
    self.tell_writer();
#if NATS_VERSION_NUMBER >= 0x030B00
    natsConnection_ProcessDetachedEvent(self.attached_);
#endif
    return NATS_OK;
  }
};

int socket_loop::take_over(natsOptions* options) noexcept {
  return natsOptions_SetEventLoop(options, this, &callbacks::attach, &callbacks::read,
                                  &callbacks::write, &callbacks::detach);
}

void socket_loop::start(natsConnection* of, std::function<void()> heed) {
  {
    std::lock_guard const lock{mutex_};
    connection_ = of;
  }
  thread_ = std::thread{[this, of, heed = std::move(heed)] { run(of, heed); }};
}

void socket_loop::stop() noexcept {
  if (thread_.joinable()) {
    // libnats ends the connection when it reads that. To end one that can be written to, it would
    // wait for an answer first.
    ::shutdown(socket_.get(), SHUT_RDWR);
    thread_.join();
  }
  std::lock_guard const lock{mutex_};
  connection_ = nullptr;
}

int socket_loop::publish(natsMsg* what) noexcept {
  std::lock_guard const lock{mutex_};
  if (connection_ == nullptr) return NATS_CONNECTION_CLOSED;
  writes_itself = true;
  auto const status = natsConnection_PublishMsg(connection_, what);
  writes_itself = false;
  return status;
}

void socket_loop::break_off() noexcept {
  std::lock_guard const lock{mutex_};
  if (connection_ != nullptr) ::shutdown(socket_.get(), SHUT_RDWR);
}

void socket_loop::flush() noexcept {
  // If there is no room, the thread waits for some.
  if (!wants_to_write_ || is_full_) return;
  std::lock_guard const lock{mutex_};
  if (connection_ == nullptr) return;
  std::unique_lock const turn{turn_, std::try_to_lock};
  if (turn) write(connection_);
  // The thread may have looked already, or the kernel does not take all.
  if (wants_to_write_) wake();
}

std::size_t socket_loop::unsent() const noexcept {
  std::lock_guard const lock{mutex_};
  if (connection_ == nullptr) return 0;
  auto const size = natsConnection_Buffered(connection_);
  return size > 0 ? static_cast<std::size_t>(size) : 0;
}

void socket_loop::write(natsConnection* of) noexcept {
  // Another thread may have written all, and libnats takes an empty write for the end.
  if (!wants_to_write_) return;
  is_full_ = true;
  natsConnection_ProcessWriteEvent(of);
  tell_writer();
}

void socket_loop::tell_writer() noexcept {
  ++writes_;
  if (!is_awaited_) return;
  std::lock_guard const lock{written_mutex_};
  written_.notify_all();
}

bool socket_loop::wait_for_write(std::uint64_t after, std::chrono::milliseconds longest) {
  std::unique_lock lock{written_mutex_};
  is_awaited_ = true;
  bool const is_written =
      written_.wait_for(lock, longest, [&] { return writes_ != after || is_detached_; });
  is_awaited_ = false;
  return is_written;
}

void socket_loop::wake() noexcept {
  std::uint64_t const one = 1;
  // This fails only if the thread has not heard of very many others.
  if (wake_) static_cast<void>(::write(wake_.get(), &one, sizeof one));
}

int socket_loop::first_byte() noexcept {
  unsigned char first = 0;
  auto const size = ::recv(socket_.get(), &first, 1, MSG_PEEK | MSG_DONTWAIT);
  if (size == 1) return first;
  return size == -1 && (errno == EAGAIN || errno == EWOULDBLOCK) ? -1 : 0;
}

void socket_loop::run(natsConnection* of, const std::function<void()>& heed) noexcept {
  writes_itself = true;
  bool is_first = true;
  while (!is_detached_) {
    std::array<pollfd, 2> watched{};
    watched[0] = {socket_.get(), static_cast<short>(wants_to_write_ ? POLLIN | POLLOUT : POLLIN),
                  0};
    watched[1] = {wake_.get(), POLLIN, 0};
    if (::poll(watched.data(), watched.size(), -1) == -1) {
      // The kernel may be short of memory.
      if (errno != EINTR) std::this_thread::sleep_for(std::chrono::milliseconds{1});
      continue;
    }
    if (watched[1].revents != 0) {
      std::uint64_t count = 0;
      static_cast<void>(::read(wake_.get(), &count, sizeof count));
    }
    bool const is_writable = (watched[0].revents & POLLOUT) != 0;
    bool is_readable = (watched[0].revents & ~POLLOUT) != 0;
    if (is_readable && is_first) {
      int const first = first_byte();
      is_first = first == -1;
      // The kernel may have dropped what has come.
      is_readable = !is_first;
      if (first >= first_record_type && first <= last_record_type) {
        is_encrypted_ = true;
        // libnats ends the connection then, and those that wait for it.
        ::shutdown(socket_.get(), SHUT_RDWR);
      }
    }
    {
      std::lock_guard const turn{turn_};
      bool const was_full = is_full_;
      if (is_readable || (was_full && is_writable)) ++signs_of_life_;
      if (is_readable) natsConnection_ProcessReadEvent(of);
      if (!was_full || is_writable) write(of);
    }
    if (is_readable) heed();
  }
}

}  // namespace isolatte::inline v0_1::nats::link
