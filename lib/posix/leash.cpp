// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/leash.hpp"

#include "posix/descriptor.hpp"
#include "posix/system_calls.hpp"

#include <charconv>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

namespace isolatte::posix {

namespace {

// Plain numbers, not owners: they must outlive every static destructor.
int read_end = -1;
int write_end = -1;

}  // namespace

int leash(boost::system::error_code& ec) noexcept {
  if (read_end == -1) {
    pipe_ends ends = make_pipe(ec);
    if (ec) return -1;
    read_end = ends.read.release();
    write_end = ends.write.release();
  }
  return read_end;
}

bool arm_leash(int leash_fd, bool whole_group) noexcept {
#if defined(F_SETSIG) && defined(O_ASYNC)
  // An open file description of its own, since owner and signal belong to the description.
  char path[32] = "/proc/self/fd/";
  char* const end = std::to_chars(path + std::strlen(path), path + sizeof path - 1, leash_fd).ptr;
  *end = '\0';
  int const fd = retry([&] { return sys.open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0); });
  if (fd == -1) return false;
  pid_t const self = ::getpid();
  if (sys.fcntl(fd, F_SETSIG, SIGKILL) == -1 ||
      sys.fcntl(fd, F_SETOWN, whole_group ? -self : self) == -1 ||
      sys.fcntl(fd, F_SETFL, O_NONBLOCK | O_ASYNC) == -1)
    return false;
  // The shared description is replaced, under its number, by the armed one, so that one stays. It
  // stays beyond exec, too: another program in the child's place is as much this process's.
  if (retry([&] { return sys.dup2(fd, leash_fd); }) == -1) return false;
  sys.close(fd);
  // The owner may have died before the signal was armed.
  struct pollfd state{leash_fd, POLLIN, 0};
  int const ready = retry([&] { return sys.poll(&state, 1, 0); });
  if (ready == -1) return false;
  if (ready > 0 && (state.revents & POLLHUP) != 0) sys.kill(whole_group ? -self : self, SIGKILL);
  return true;
#else
  (void)leash_fd, (void)whole_group;
  errno = ENOTSUP;
  return false;
#endif
}

void disown_leash(bool armed) noexcept {
  if (write_end != -1) sys.close(write_end);
  if (read_end != -1 && !armed) sys.close(read_end);
  read_end = write_end = -1;
}

}  // namespace isolatte::posix
