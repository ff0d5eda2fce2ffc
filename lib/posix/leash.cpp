// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/leash.hpp"

#include "posix/descriptor.hpp"
#include "posix/system_calls.hpp"

#include <charconv>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace isolatte::posix {

namespace {

// Plain numbers, not owners: they must outlive every static destructor.
int read_end = -1;
int write_end = -1;
/// What this process is armed on.
int worn = -1;

descriptor open_anew(int leash_fd, boost::system::error_code& ec) noexcept {
#if defined(F_SETSIG) && defined(O_ASYNC)
  char path[32] = "/proc/self/fd/";
  char* const end = std::to_chars(path + std::strlen(path), path + sizeof path - 1, leash_fd).ptr;
  *end = '\0';
  descriptor fd{retry([&] { return sys.open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0); })};
  if (!fd) {
    ec = last_error();
    return {};
  }
  return above_stdio(std::move(fd), ec);
#else
  (void)leash_fd;
  ec = make_error_code(boost::system::errc::not_supported);
  return {};
#endif
}

}  // namespace

descriptor open_leash(boost::system::error_code& ec) noexcept {
  if (read_end == -1) {
    pipe_ends ends = make_pipe(ec);
    if (ec) return {};
    read_end = ends.read.release();
    write_end = ends.write.release();
  }
  return open_anew(read_end, ec);
}

descriptor open_worn_leash(boost::system::error_code& ec) noexcept { return open_anew(worn, ec); }

bool arm_leash(int leash_fd, bool whole_group) noexcept {
#if defined(F_SETSIG) && defined(O_ASYNC)
  pid_t const self = ::getpid();
  if (sys.fcntl(leash_fd, F_SETSIG, SIGKILL) == -1 ||
      sys.fcntl(leash_fd, F_SETOWN, whole_group ? -self : self) == -1 ||
      sys.fcntl(leash_fd, F_SETFL, O_NONBLOCK | O_ASYNC) == -1)
    return false;
  // Beyond exec, too: another program in the child's place is as much the owner's.
  if (sys.fcntl(leash_fd, F_SETFD, 0) == -1) return false;
  // The owner may have died before the signal was armed.
  struct pollfd state{leash_fd, POLLIN, 0};
  int const ready = retry([&] { return sys.poll(&state, 1, 0); });
  if (ready == -1) return false;
  if (ready > 0 && (state.revents & POLLHUP) != 0) sys.kill(whole_group ? -self : self, SIGKILL);
  worn = leash_fd;
  return true;
#else
  (void)leash_fd, (void)whole_group;
  errno = ENOTSUP;
  return false;
#endif
}

void disown_leash() noexcept {
  for (int* const end : {&write_end, &read_end}) {
    if (*end != -1) sys.close(*end);
    *end = -1;
  }
}

}  // namespace isolatte::posix
