// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_DESCRIPTOR_HPP
#define ISOLATTE_LIB_POSIX_DESCRIPTOR_HPP

#include <boost/system/error_code.hpp>

#include <utility>

namespace isolatte::posix {

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

boost::system::error_code last_error() noexcept;

/// A copy above 2, closed on exec: what becomes a child's 0, 1 or 2 must not be one of them.
descriptor duplicate(int fd, boost::system::error_code& ec) noexcept;
/// The same descriptor, moved out of the way of 0, 1 and 2 if it is one of them.
descriptor above_stdio(descriptor fd, boost::system::error_code& ec) noexcept;
pipe_ends make_pipe(boost::system::error_code& ec) noexcept;
descriptor open_file(const char* path, int flags, boost::system::error_code& ec) noexcept;

}  // namespace isolatte::posix

#endif
