// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_SYSTEM_CALLS_HPP
#define ISOLATTE_LIB_POSIX_SYSTEM_CALLS_HPP

#include <atomic>
#include <cerrno>
#include <cstddef>

#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/wait.h>

#if defined(__linux__) && !defined(ISOLATTE_PORTABLE)
/// Whether to use what Linux alone has: process descriptors, close_range, the usage from waitid.
#define ISOLATTE_HAS_PIDFD 1
#else
#define ISOLATTE_HAS_PIDFD 0
#endif

namespace isolatte::inline v0_1::posix {

/// Every system call whose failure the library answers, as a pointer that a test can replace. Each
/// fails with -1 and errno.
struct system_calls {
  pid_t (*fork)();
  int (*setpgid)(pid_t pid, pid_t group);
  int (*tcsetpgrp)(int terminal, pid_t group);
  int (*kill)(pid_t pid, int signal);
  int (*waitid)(idtype_t type, id_t id, siginfo_t* info, int flags, struct rusage* usage);
  pid_t (*wait4)(pid_t pid, int* status, int flags, struct rusage* usage);
  int (*pidfd_open)(pid_t pid);
  int (*pidfd_send_signal)(int pidfd, int signal, unsigned flags);
  int (*pipe)(int ends[2]);
  int (*open)(const char* path, int flags, mode_t mode);
  int (*close)(int fd);
  int (*dup2)(int from, int to);
  int (*fcntl)(int fd, int command, long argument);
  int (*fstat)(int fd, struct stat* status);
  int (*fchmod)(int fd, mode_t mode);
  ssize_t (*write)(int fd, const void* bytes, std::size_t count);
  off_t (*lseek)(int fd, off_t offset, int whence);
  int (*temporary_file)();
  int (*close_range)(unsigned first, unsigned last);
  void* (*mmap)(std::size_t length);
  int (*munmap)(void* address, std::size_t length);
  int (*madvise)(void* address, std::size_t length, int advice);
  int (*poll)(struct pollfd* fds, nfds_t count, int timeout_ms);
  int (*sigaction)(int signal, const struct sigaction* action, struct sigaction* old);
  int (*sigprocmask)(int how, const sigset_t* set, sigset_t* old);
  int (*sigaltstack)(const stack_t* stack, stack_t* old);
  int (*setrlimit)(int resource, const struct rlimit* limit);
  int (*setpriority)(int nice);
  int (*chdir)(const char* path);
  int (*execve)(const char* path, char* const arguments[], char* const variables[]);
  /// Forks a child of the caller's parent. Its number is in *pid, in every process that shares that
  /// memory, before the child runs.
  pid_t (*clone_sibling)(std::atomic<int>* pid);
  int (*socketpair)(int type, int ends[2]);
  int (*setsockopt)(int fd, int level, int option, const void* value, socklen_t size);
  ssize_t (*sendmsg)(int fd, const struct msghdr* message, int flags);
  ssize_t (*recvmsg)(int fd, struct msghdr* message, int flags);
  int (*shutdown)(int fd, int how);
  int (*ftruncate)(int fd, off_t size);
  void* (*map_file)(std::size_t length, int protection, int fd);
  ssize_t (*getrandom)(void* bytes, std::size_t count);
  int (*prctl)(int option, unsigned long argument);
  int (*capset)(void* header, const void* sets);
  int (*setresuid)(uid_t real, uid_t effective, uid_t saved);
  int (*setresgid)(gid_t real, gid_t effective, gid_t saved);
  int (*setgroups)(std::size_t count, const gid_t* groups);
  int (*unshare)(int flags);
  int (*setns)(int fd, int type);
  int (*landlock_create_ruleset)(const void* attributes, std::size_t size, unsigned flags);
  int (*landlock_add_rule)(int ruleset, int type, const void* attributes);
  int (*landlock_restrict_self)(int ruleset);
  /// SECCOMP_SET_MODE_FILTER.
  int (*seccomp)(const void* program);
  int (*mprotect)(void* address, std::size_t length, int protection);
  /// Asks /proc/PID/maps for the next mapping of a kind (PROCMAP_QUERY).
  int (*query_map)(int maps, void* query);
  /// Reads entries of a folder.
  ssize_t (*getdents)(int folder, void* entries, std::size_t size);
};

extern system_calls sys;

/// Calls again while a signal interrupts.
template <class Call>
auto retry(Call call) {
  for (;;) {
    auto const result = call();
    if (result != -1 || errno != EINTR) return result;
  }
}

}  // namespace isolatte::inline v0_1::posix

#endif
