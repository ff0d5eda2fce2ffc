// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/descriptor.hpp"

#include "posix/system_calls.hpp"

#include <cerrno>

#include <fcntl.h>

namespace isolatte::posix {

void descriptor::reset(int fd) noexcept {
  // Linux has closed the descriptor whatever close() says, EINTR included: never try again.
  if (fd_ != -1) sys.close(fd_);
  fd_ = fd;
}

boost::system::error_code last_error() noexcept {
  return {errno, boost::system::system_category()};
}

descriptor duplicate(int fd, boost::system::error_code& ec) noexcept {
  descriptor copy{retry([&] { return sys.fcntl(fd, F_DUPFD_CLOEXEC, 3); })};
  if (!copy) ec = last_error();
  return copy;
}

descriptor above_stdio(descriptor fd, boost::system::error_code& ec) noexcept {
  if (!fd || fd.get() > 2) return fd;
  return duplicate(fd.get(), ec);
}

pipe_ends make_pipe(boost::system::error_code& ec) noexcept {
  int fds[2];
  if (sys.pipe(fds) == -1) {
    ec = last_error();
    return {};
  }
  pipe_ends ends{descriptor{fds[0]}, descriptor{fds[1]}};
  ends.read = above_stdio(std::move(ends.read), ec);
  if (!ec) ends.write = above_stdio(std::move(ends.write), ec);
  if (ec) return {};
  return ends;
}

descriptor open_file(const char* path, int flags, boost::system::error_code& ec) noexcept {
  descriptor file{retry([&] { return sys.open(path, flags | O_CLOEXEC, 0666); })};
  if (!file) {
    ec = last_error();
    return file;
  }
  return above_stdio(std::move(file), ec);
}

}  // namespace isolatte::posix
