// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/standard_stream.hpp"

#include "posix/descriptor.hpp"
#include "posix/system_calls.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstddef>

#include <fcntl.h>
#include <poll.h>

namespace isolatte::inline v0_1::posix {

namespace {

/// Whether the file is none that can be opened by a name, nor a pipe, nor a socket: Linux gives
/// epoll sets, eventfds, timerfds, signalfds, process descriptors and the like no type.
bool has_no_type(const struct stat& file) noexcept { return (file.st_mode & S_IFMT) == 0; }

/// Whether this process has the other end of a pipe, too: the pipe leads from the program to
/// itself. Asio's signal sets have such pipes, and for a moment so has whatever starts a process.
bool holds_other_end(int fd, const struct stat& pipe) noexcept {
  // A pipe that took a number up to 2 was made early, and its other end has the next free number.
  constexpr int numbers = 1024;
  int const mode = sys.fcntl(fd, F_GETFL, 0) & O_ACCMODE;
  for (int other = 0; other != numbers; ++other) {
    struct stat file{};
    if (other == fd || sys.fstat(other, &file) == -1) continue;
    bool const same = file.st_dev == pipe.st_dev && file.st_ino == pipe.st_ino;
    if (same && (sys.fcntl(other, F_GETFL, 0) & O_ACCMODE) != mode) return true;
  }
  return false;
}

}  // namespace

bool is_standard_stream(int fd, boost::system::error_code& ec) noexcept {
  int const flags = sys.fcntl(fd, F_GETFD, 0);
  if (flags == -1) {
    if (errno != EBADF) ec = last_error();
    return false;
  }
  // A descriptor that came by exec, or that dup2 put there, is not marked. Event loops mark all
  // that is theirs; a user may mark a stream, too.
  if ((flags & FD_CLOEXEC) == 0) return true;
  struct stat file{};
  if (sys.fstat(fd, &file) == -1) {
    ec = last_error();
    return false;
  }
  if (has_no_type(file)) return false;
  return !S_ISFIFO(file.st_mode) || !holds_other_end(fd, file);
}

std::size_t write_without_waiting(int fd, std::string_view text) noexcept {
  boost::system::error_code ec;
  if (text.empty() || !is_standard_stream(fd, ec)) return text.size();
  std::size_t written = 0;
  while (written != text.size()) {
    pollfd room{fd, POLLOUT, 0};
    if (retry([&] { return sys.poll(&room, 1, 0); }) <= 0 || (room.revents & POLLOUT) == 0) break;
    // A pipe that has room takes at least so much at once.
    std::size_t const part = std::min<std::size_t>(text.size() - written, PIPE_BUF);
    ssize_t const went = retry([&] { return sys.write(fd, text.data() + written, part); });
    if (went <= 0) break;
    written += static_cast<std::size_t>(went);
  }
  return written;
}

}  // namespace isolatte::inline v0_1::posix
