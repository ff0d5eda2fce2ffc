// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_BENCH_BY_HAND_HPP
#define ISOLATTE_BENCH_BY_HAND_HPP

#include <cstddef>
#include <cstdio>
#include <cstdlib>

#include <sys/wait.h>
#include <unistd.h>

// The baseline: a careful program that calls fork, pipe and waitpid itself.

[[noreturn]] inline void give_up(const char* step) {
  std::perror(step);
  std::_Exit(1);
}

struct raw_child {
  pid_t pid = -1;
  int fd = -1;
};

/// Forks a child that calls `write_result` with the writing end of a pipe.
template <class Write>
raw_child start_raw(Write write_result) {
  int ends[2];
  if (::pipe(ends) == -1) give_up("pipe");
  pid_t const pid = ::fork();
  if (pid == -1) give_up("fork");
  if (pid == 0) {
    ::close(ends[0]);
    write_result(ends[1]);
    ::_exit(0);
  }
  ::close(ends[1]);
  return {pid, ends[0]};
}

inline void write_all(int fd, const void* data, std::size_t size) {
  auto const* const bytes = static_cast<const char*>(data);
  for (std::size_t at = 0; at != size;) {
    ssize_t const count = ::write(fd, bytes + at, size - at);
    if (count == -1) ::_exit(1);
    at += static_cast<std::size_t>(count);
  }
}

inline void read_all(int fd, void* data, std::size_t size) {
  auto* const bytes = static_cast<char*>(data);
  for (std::size_t at = 0; at != size;) {
    ssize_t const count = ::read(fd, bytes + at, size - at);
    if (count <= 0) give_up("read");
    at += static_cast<std::size_t>(count);
  }
}

inline void reap_raw(raw_child const& child) {
  ::close(child.fd);
  int status = 0;
  if (::waitpid(child.pid, &status, 0) != child.pid) give_up("waitpid");
}

/// Starts a child that returns an int.
raw_child start_raw_int();
/// Reads the int and reaps the child.
void finish_raw_int(raw_child const& child);
/// Runs `jobs` such children, `in_flight` at a time; poll() tells which of them has written.
void run_raw_ints(std::size_t jobs, std::size_t in_flight);

#endif
