// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/descriptor.hpp"

#include "posix/system_calls.hpp"

#include <cerrno>

#include <fcntl.h>

namespace isolatte::inline v0_1::posix {

void descriptor::reset(int fd) noexcept {
  // Linux has closed the descriptor whatever close() says, EINTR included: never try again.
  if (fd_ != -1) sys.close(fd_);
  fd_ = fd;
}

boost::system::error_code last_error() noexcept {
  return {errno, boost::system::system_category()};
}

file_identity identify(int fd, boost::system::error_code& ec) noexcept {
  struct stat status{};
  if (sys.fstat(fd, &status) == -1) {
    ec = last_error();
    return {};
  }
  return {status.st_dev, status.st_ino};
}

bool is_open(int fd, boost::system::error_code& ec) noexcept {
  if (sys.fcntl(fd, F_GETFD, 0) != -1) return true;
  if (errno != EBADF) ec = last_error();
  return false;
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

std::pair<descriptor, descriptor> own_pair(const int (&fds)[2],
                                           boost::system::error_code& ec) noexcept {
  descriptor first{fds[0]};
  descriptor second{fds[1]};
  first = above_stdio(std::move(first), ec);
  if (!ec) second = above_stdio(std::move(second), ec);
  if (ec) return {};
  return {std::move(first), std::move(second)};
}

pipe_ends make_pipe(boost::system::error_code& ec) noexcept {
  int fds[2];
  if (sys.pipe(fds) == -1) {
    ec = last_error();
    return {};
  }
  auto [read, write] = own_pair(fds, ec);
  return {std::move(read), std::move(write)};
}

descriptor open_file(const char* path, int flags, boost::system::error_code& ec) noexcept {
  descriptor file{retry([&] { return sys.open(path, flags | O_CLOEXEC, 0666); })};
  if (!file) {
    ec = last_error();
    return file;
  }
  return above_stdio(std::move(file), ec);
}

bool write_all(int fd, std::span<const std::byte> bytes) noexcept {
  while (!bytes.empty()) {
    ssize_t const written = retry([&] { return sys.write(fd, bytes.data(), bytes.size()); });
    if (written == -1) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace isolatte::inline v0_1::posix
