// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/child/arm_leash.hpp"

#include "posix/system_calls.hpp"

#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

// Runs between fork and exec in a copy of a program with threads: async-signal-safe throughout.

namespace isolatte::inline v0_1::posix {

bool arm_leash(int leash_fd, bool whole_group) noexcept {
#if defined(F_SETSIG) && defined(O_ASYNC)
  pid_t const self = ::getpid();
  pid_t const killed = whole_group ? -self : self;
  if (sys.fcntl(leash_fd, F_SETSIG, SIGKILL) == -1 || sys.fcntl(leash_fd, F_SETOWN, killed) == -1 ||
      sys.fcntl(leash_fd, F_SETFL, O_NONBLOCK | O_ASYNC) == -1)
    return false;
  // Stays open beyond exec: another program in the child's place is to end with this one, too.
  if (sys.fcntl(leash_fd, F_SETFD, 0) == -1) return false;
  // The program may have ended before the signal was armed.
  struct pollfd state{leash_fd, POLLIN, 0};
  int const ready = retry([&] { return sys.poll(&state, 1, 0); });
  if (ready == -1) return false;
  if (ready > 0 && (state.revents & POLLHUP) != 0) sys.kill(killed, SIGKILL);
  return true;
#else
  (void)leash_fd, (void)whole_group;
  errno = ENOTSUP;
  return false;
#endif
}

}  // namespace isolatte::inline v0_1::posix
