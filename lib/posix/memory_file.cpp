// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/memory_file.hpp"

#include "posix/system_calls.hpp"

#include <cerrno>

#include <signal.h>
#include <unistd.h>

namespace isolatte::posix {

namespace {

/// Keeps SIGXFSZ from this thread while it lives, and takes back one that a call has brought about.
/// One that was blocked and pending before stays pending.
class file_size_signal_blocked {
 public:
  file_size_signal_blocked() noexcept {
    sigemptyset(&signal_);
    sigaddset(&signal_, SIGXFSZ);
    // Not through the table: there is no better answer to a failure than to go on.
    ::pthread_sigmask(SIG_BLOCK, &signal_, &before_);
    was_pending_ = is_pending();
  }
  ~file_size_signal_blocked() {
    int const error = errno;
    int taken = 0;
    if (!was_pending_ && is_pending()) ::sigwait(&signal_, &taken);
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    errno = error;
  }
  file_size_signal_blocked(const file_size_signal_blocked&) = delete;
  file_size_signal_blocked& operator=(const file_size_signal_blocked&) = delete;

 private:
  static bool is_pending() noexcept {
    sigset_t pending;
    sigemptyset(&pending);
    ::sigpending(&pending);
    return sigismember(&pending, SIGXFSZ) == 1;
  }

  sigset_t signal_;
  sigset_t before_;
  bool was_pending_ = false;
};

descriptor make_empty(boost::system::error_code& ec) noexcept {
  descriptor file{retry([&] { return sys.temporary_file(); })};
  if (!file) {
    ec = last_error();
    return file;
  }
  return above_stdio(std::move(file), ec);
}

}  // namespace

descriptor make_memory_file(std::size_t size, boost::system::error_code& ec) noexcept {
  descriptor file = make_empty(ec);
  if (ec) return {};
  file_size_signal_blocked const blocked;
  if (retry([&] { return sys.ftruncate(file.get(), static_cast<off_t>(size)); }) == -1) {
    ec = last_error();
    return {};
  }
  return file;
}

descriptor make_memory_file(std::span<const std::byte> bytes,
                            boost::system::error_code& ec) noexcept {
  descriptor file = make_empty(ec);
  if (ec) return {};
  file_size_signal_blocked const blocked;
  if (!write_all(file.get(), bytes) || sys.lseek(file.get(), 0, SEEK_SET) == -1) {
    ec = last_error();
    return {};
  }
  return file;
}

}  // namespace isolatte::posix
