// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/system_calls.hpp"

#include "posix/filter_pass.hpp"

#include <cstdint>
#include <string>

#include <fcntl.h>
#include <grp.h>
#if defined(__linux__)
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/random.h>
#endif
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace isolatte::inline v0_1::posix {

namespace {

/// An argument of a system call as the kernel takes it.
template <class Pointed>
unsigned long word(Pointed* argument) noexcept {
  return reinterpret_cast<unsigned long>(argument);
}
inline unsigned long word(long argument) noexcept { return static_cast<unsigned long>(argument); }

/// Makes a call that a filter lets through with the pass alone.
template <class... Arguments>
int with_pass(long number, Arguments... arguments) noexcept {
  return static_cast<int>(call_with_pass(number, word(arguments)...));
}

#if !ISOLATTE_HAS_PIDFD
int set_close_on_exec(int fd) noexcept { return ::fcntl(fd, F_SETFD, FD_CLOEXEC); }
#endif

#if !defined(__linux__)
int unsupported() noexcept {
  errno = ENOSYS;
  return -1;
}
#endif

int raw_waitid(idtype_t type, id_t id, siginfo_t* info, int flags, struct rusage* usage) {
#if ISOLATTE_HAS_PIDFD
  return static_cast<int>(::syscall(SYS_waitid, type, id, info, flags, usage));
#else
  (void)usage;
  return ::waitid(type, id, info, flags);
#endif
}

int raw_pidfd_open(pid_t pid) {
#if defined(__linux__)
  return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
#else
  (void)pid;
  return unsupported();
#endif
}

int raw_pidfd_send_signal(int pidfd, int signal, unsigned flags) {
#if defined(__linux__)
  return static_cast<int>(::syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, flags));
#else
  (void)pidfd, (void)signal, (void)flags;
  return unsupported();
#endif
}

int raw_pipe(int ends[2]) {
#if ISOLATTE_HAS_PIDFD
  return ::pipe2(ends, O_CLOEXEC);
#else
  if (::pipe(ends) == -1) return -1;
  if (set_close_on_exec(ends[0]) == 0 && set_close_on_exec(ends[1]) == 0) return 0;
  int const error = errno;
  ::close(ends[0]);
  ::close(ends[1]);
  errno = error;
  return -1;
#endif
}

int raw_open(const char* path, int flags, mode_t mode) {
#if defined(__linux__)
  if (filter_pass::held()) return with_pass(SYS_openat, AT_FDCWD, path, flags, mode);
#endif
  return ::open(path, flags, mode);
}

int raw_fcntl(int fd, int command, long argument) {
#if defined(__linux__)
  if (filter_pass::held()) return with_pass(SYS_fcntl, fd, command, argument);
#endif
  return ::fcntl(fd, command, argument);
}

int raw_dup2(int from, int to) {
#if defined(__linux__)
  if (filter_pass::held()) return with_pass(SYS_dup3, from, to, 0);
#endif
  return ::dup2(from, to);
}

int raw_setpgid(pid_t pid, pid_t group) {
#if defined(__linux__)
  if (filter_pass::held()) return with_pass(SYS_setpgid, pid, group);
#endif
  return ::setpgid(pid, group);
}

int raw_fstat(int fd, struct stat* status) { return ::fstat(fd, status); }

int raw_temporary_file() {
#if ISOLATTE_HAS_PIDFD
  return ::memfd_create("isolatte", MFD_CLOEXEC);
#else
  char const* directory = ::getenv("TMPDIR");
  std::string path = std::string{directory ? directory : "/tmp"} + "/isolatte-XXXXXX";
  int const fd = ::mkstemp(path.data());
  if (fd == -1) return -1;
  ::unlink(path.c_str());
  if (set_close_on_exec(fd) == 0) return fd;
  int const error = errno;
  ::close(fd);
  errno = error;
  return -1;
#endif
}

int raw_close_range(unsigned first, unsigned last) {
#if ISOLATTE_HAS_PIDFD && defined(SYS_close_range)
  if (filter_pass::held()) return with_pass(SYS_close_range, first, last, 0);
  return static_cast<int>(::syscall(SYS_close_range, first, last, 0));
#else
  (void)first, (void)last;
  errno = ENOSYS;
  return -1;
#endif
}

void* raw_mmap(std::size_t length) {
  return ::mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

int raw_sigprocmask(int how, const sigset_t* set, sigset_t* old) {
  // Fails only if `how` means nothing.
  int const error = ::pthread_sigmask(how, set, old);
  if (error != 0) errno = error;
  return error == 0 ? 0 : -1;
}

int raw_setrlimit(int resource, const struct rlimit* limit) {
  return ::setrlimit(static_cast<decltype(RLIMIT_AS)>(resource), limit);
}

/// Does what glibc's fork() does for a process with one thread, except that no handler of
/// pthread_atfork runs. There is nothing to lock, but the thread's number and its list of robust
/// mutexes are new.
pid_t raw_clone_sibling([[maybe_unused]] std::atomic<int>* pid) {
#if defined(__linux__) && (defined(__x86_64__) || defined(__aarch64__))
  int* number_of_thread = nullptr;
  ::prctl(PR_GET_TID_ADDRESS, &number_of_thread);
  void* robust_list = nullptr;
  std::size_t robust_size = 0;
  with_pass(SYS_get_robust_list, 0, &robust_list, &robust_size);
  unsigned long flags = CLONE_PARENT | CLONE_PARENT_SETTID | SIGCHLD;
  if (number_of_thread != nullptr) flags |= CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID;
#if defined(__x86_64__)
  int const result = with_pass(SYS_clone, flags, 0, pid, number_of_thread, 0);
#else
  int const result = with_pass(SYS_clone, flags, 0, pid, 0, number_of_thread);
#endif
  if (result == 0 && robust_list != nullptr)
    ::syscall(SYS_set_robust_list, robust_list, robust_size);
  return result;
#else
  errno = ENOSYS;
  return -1;
#endif
}

int raw_socketpair(int type, int ends[2]) {
#if defined(__linux__)
  return ::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends);
#else
  if (::socketpair(AF_UNIX, type, 0, ends) == -1) return -1;
  set_close_on_exec(ends[0]);
  set_close_on_exec(ends[1]);
  return 0;
#endif
}

void* raw_map_file(std::size_t length, int protection, int fd) {
  return ::mmap(nullptr, length, protection, MAP_SHARED, fd, 0);
}

#if defined(__linux__)

int raw_prctl(int option, unsigned long argument) {
  if (filter_pass::held()) return with_pass(SYS_prctl, option, argument, 0, 0, 0);
  return ::prctl(option, argument, 0, 0, 0);
}

ssize_t raw_getrandom(void* bytes, std::size_t count) { return ::getrandom(bytes, count, 0); }

int raw_capset(void* header, const void* sets) {
  if (filter_pass::held()) return with_pass(SYS_capset, header, sets);
  return static_cast<int>(::syscall(SYS_capset, header, sets));
}

// The C library changes every thread's. A child that takes on credentials has one thread.
int raw_setresuid(uid_t real, uid_t effective, uid_t saved) {
  if (filter_pass::held()) return with_pass(SYS_setresuid, real, effective, saved);
  return ::setresuid(real, effective, saved);
}

int raw_setresgid(gid_t real, gid_t effective, gid_t saved) {
  if (filter_pass::held()) return with_pass(SYS_setresgid, real, effective, saved);
  return ::setresgid(real, effective, saved);
}

int raw_setns(int fd, int type) {
  if (filter_pass::held()) return with_pass(SYS_setns, fd, type);
  return ::setns(fd, type);
}

// Numbers that are the same on every architecture. An older system's headers lack them.
constexpr long landlock_create_ruleset_number = 444;
constexpr long landlock_add_rule_number = 445;
constexpr long landlock_restrict_self_number = 446;

int raw_landlock_create_ruleset(const void* attributes, std::size_t size, unsigned flags) {
  return static_cast<int>(::syscall(landlock_create_ruleset_number, attributes, size, flags));
}

int raw_landlock_add_rule(int ruleset, int type, const void* attributes) {
  return static_cast<int>(::syscall(landlock_add_rule_number, ruleset, type, attributes, 0));
}

int raw_landlock_restrict_self(int ruleset) {
  return static_cast<int>(::syscall(landlock_restrict_self_number, ruleset, 0));
}

int raw_seccomp(const void* program) {
  constexpr int set_mode_filter = 1;
  return static_cast<int>(::syscall(SYS_seccomp, set_mode_filter, 0, program));
}

int raw_query_map(int maps, void* query) {
  constexpr unsigned long procmap_query = 0xc0686611;
  return ::ioctl(maps, procmap_query, query);
}

ssize_t raw_getdents(int folder, void* entries, std::size_t size) {
  return static_cast<ssize_t>(::syscall(SYS_getdents64, folder, entries, size));
}

#else

int raw_prctl(int, unsigned long) { return unsupported(); }
int raw_capset(void*, const void*) { return unsupported(); }
ssize_t raw_getrandom(void*, std::size_t) { return unsupported(); }
int raw_setresuid(uid_t real, uid_t effective, uid_t) { return ::setreuid(real, effective); }
int raw_setresgid(gid_t real, gid_t effective, gid_t) { return ::setregid(real, effective); }
int raw_unshare(int) { return unsupported(); }
int raw_setns(int, int) { return unsupported(); }
int raw_landlock_create_ruleset(const void*, std::size_t, unsigned) { return unsupported(); }
int raw_landlock_add_rule(int, int, const void*) { return unsupported(); }
int raw_landlock_restrict_self(int) { return unsupported(); }
int raw_seccomp(const void*) { return unsupported(); }
int raw_query_map(int, void*) { return unsupported(); }
ssize_t raw_getdents(int, void*, std::size_t) { return unsupported(); }

#endif

int raw_setpriority(int nice) {
#if defined(__linux__)
  if (filter_pass::held()) return with_pass(SYS_setpriority, PRIO_PROCESS, 0, nice);
#endif
  return ::setpriority(PRIO_PROCESS, 0, nice);
}

int raw_setgroups(std::size_t count, const gid_t* groups) {
#if defined(__linux__)
  if (filter_pass::held()) return with_pass(SYS_setgroups, static_cast<long>(count), groups);
  return ::setgroups(count, groups);
#else
  return ::setgroups(static_cast<int>(count), groups);
#endif
}

}  // namespace

system_calls sys = {
    .fork = ::fork,
    .setpgid = raw_setpgid,
    .tcsetpgrp = ::tcsetpgrp,
    .kill = ::kill,
    .waitid = raw_waitid,
    .wait4 = ::wait4,
    .pidfd_open = raw_pidfd_open,
    .pidfd_send_signal = raw_pidfd_send_signal,
    .pipe = raw_pipe,
    .open = raw_open,
    .close = ::close,
    .dup2 = raw_dup2,
    .fcntl = raw_fcntl,
    .fstat = raw_fstat,
    .fchmod = ::fchmod,
    .write = ::write,
    .lseek = ::lseek,
    .temporary_file = raw_temporary_file,
    .close_range = raw_close_range,
    .mmap = raw_mmap,
    .munmap = ::munmap,
    .madvise = ::madvise,
    .poll = ::poll,
    .sigaction = ::sigaction,
    .sigprocmask = raw_sigprocmask,
    .sigaltstack = ::sigaltstack,
    .setrlimit = raw_setrlimit,
    .setpriority = raw_setpriority,
    .chdir = ::chdir,
    .execve = ::execve,
    .clone_sibling = raw_clone_sibling,
    .socketpair = raw_socketpair,
    .setsockopt = ::setsockopt,
    .sendmsg = ::sendmsg,
    .recvmsg = ::recvmsg,
    .shutdown = ::shutdown,
    .ftruncate = ::ftruncate,
    .map_file = raw_map_file,
    .getrandom = raw_getrandom,
    .prctl = raw_prctl,
    .capset = raw_capset,
    .setresuid = raw_setresuid,
    .setresgid = raw_setresgid,
    .setgroups = raw_setgroups,
#if defined(__linux__)
    .unshare = ::unshare,
#else
    .unshare = raw_unshare,
#endif
    .setns = raw_setns,
    .landlock_create_ruleset = raw_landlock_create_ruleset,
    .landlock_add_rule = raw_landlock_add_rule,
    .landlock_restrict_self = raw_landlock_restrict_self,
    .seccomp = raw_seccomp,
    .mprotect = ::mprotect,
    .query_map = raw_query_map,
    .getdents = raw_getdents,
};

}  // namespace isolatte::inline v0_1::posix
