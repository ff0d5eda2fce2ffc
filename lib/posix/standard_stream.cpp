// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/standard_stream.hpp"

#include "posix/descriptor.hpp"
#include "posix/system_calls.hpp"

#include <cerrno>

#include <fcntl.h>

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

}  // namespace isolatte::inline v0_1::posix
