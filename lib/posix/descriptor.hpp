// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_DESCRIPTOR_HPP
#define ISOLATTE_LIB_POSIX_DESCRIPTOR_HPP

#include <boost/system/error_code.hpp>

#include <cstddef>
#include <span>
#include <utility>

namespace isolatte::inline v0_1::posix {

/// Owns a file descriptor.
class descriptor {
 public:
  descriptor() noexcept = default;
  explicit descriptor(int fd) noexcept : fd_{fd} {}
  descriptor(descriptor&& other) noexcept : fd_{std::exchange(other.fd_, -1)} {}
  descriptor& operator=(descriptor&& other) noexcept {
    reset(std::exchange(other.fd_, -1));
    return *this;
  }
  ~descriptor() { reset(); }

  explicit operator bool() const noexcept { return fd_ != -1; }
  int get() const noexcept { return fd_; }
  int release() noexcept { return std::exchange(fd_, -1); }
  void reset(int fd = -1) noexcept;

 private:
  int fd_ = -1;
};

/// The two ends of a pipe, closed on exec, neither of them 0, 1 or 2.
struct pipe_ends {
  descriptor read;
  descriptor write;
};

/// Tells a file from every other, so that a number which has been closed and given to another file
/// is noticed.
struct file_identity {
  unsigned long long device = 0;
  unsigned long long inode = 0;

  bool operator==(const file_identity&) const noexcept = default;
};

boost::system::error_code last_error() noexcept;

/// @return the identity of the file that is open as `fd`, or an error and none
file_identity identify(int fd, boost::system::error_code& ec) noexcept;
/// Whether `fd` is open. A closed one is no error.
bool is_open(int fd, boost::system::error_code& ec) noexcept;

/// Copies a descriptor to a number above 2, closed on exec: what becomes a child's 0, 1 or 2 must
/// not be one of them.
descriptor duplicate(int fd, boost::system::error_code& ec) noexcept;
/// Moves a descriptor out of the way of 0, 1 and 2 if it is one of them.
descriptor above_stdio(descriptor fd, boost::system::error_code& ec) noexcept;
/// Owns a pair that a system call has just made, with both above 2; or nothing, and an error.
std::pair<descriptor, descriptor> own_pair(const int (&fds)[2],
                                           boost::system::error_code& ec) noexcept;
pipe_ends make_pipe(boost::system::error_code& ec) noexcept;
descriptor open_file(const char* path, int flags, boost::system::error_code& ec) noexcept;

/// Writes all of it, however many calls that takes. Async-signal-safe.
/// @return whether that worked; errno tells why not
bool write_all(int fd, std::span<const std::byte> bytes) noexcept;

}  // namespace isolatte::inline v0_1::posix

#endif
