// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/system_calls.hpp"

#include <cstdint>
#include <string>

#include <fcntl.h>
#if defined(__linux__)
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#endif
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace isolatte::inline v0_1::posix {

namespace {

[[maybe_unused]] int set_close_on_exec(int fd) noexcept { return ::fcntl(fd, F_SETFD, FD_CLOEXEC); }

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

int raw_open(const char* path, int flags, mode_t mode) { return ::open(path, flags, mode); }

int raw_fcntl(int fd, int command, long argument) { return ::fcntl(fd, command, argument); }

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
  if (int const error = ::pthread_sigmask(how, set, old)) {
    errno = error;
    return -1;
  }
  return 0;
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
  ::syscall(SYS_get_robust_list, 0, &robust_list, &robust_size);
  unsigned long flags = CLONE_PARENT | CLONE_PARENT_SETTID | SIGCHLD;
  if (number_of_thread != nullptr) flags |= CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID;
#if defined(__x86_64__)
  long const result = ::syscall(SYS_clone, flags, nullptr, pid, number_of_thread, 0);
#else
  long const result = ::syscall(SYS_clone, flags, nullptr, pid, 0, number_of_thread);
#endif
  if (result == 0 && robust_list != nullptr)
    ::syscall(SYS_set_robust_list, robust_list, robust_size);
  return static_cast<pid_t>(result);
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

int raw_prctl(int option, unsigned long argument) { return ::prctl(option, argument, 0, 0, 0); }

int raw_drop_capabilities() {
  // Version 3: two words for each of the three sets.
  struct {
    std::uint32_t version = 0x20080522;
    int pid = 0;
  } header;
  std::uint32_t const none[6] = {};
  return static_cast<int>(::syscall(SYS_capset, &header, none));
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

#else

int raw_prctl(int, unsigned long) { return unsupported(); }
int raw_drop_capabilities() { return unsupported(); }
int raw_unshare(int) { return unsupported(); }
int raw_setns(int, int) { return unsupported(); }
int raw_landlock_create_ruleset(const void*, std::size_t, unsigned) { return unsupported(); }
int raw_landlock_add_rule(int, int, const void*) { return unsupported(); }
int raw_landlock_restrict_self(int) { return unsupported(); }
int raw_seccomp(const void*) { return unsupported(); }
int raw_query_map(int, void*) { return unsupported(); }

#endif

int raw_setpriority(int nice) { return ::setpriority(PRIO_PROCESS, 0, nice); }

}  // namespace

system_calls sys = {
    .fork = ::fork,
    .setpgid = ::setpgid,
    .kill = ::kill,
    .waitid = raw_waitid,
    .wait4 = ::wait4,
    .pidfd_open = raw_pidfd_open,
    .pidfd_send_signal = raw_pidfd_send_signal,
    .pipe = raw_pipe,
    .open = raw_open,
    .close = ::close,
    .dup2 = ::dup2,
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
    .sendmsg = ::sendmsg,
    .recvmsg = ::recvmsg,
    .shutdown = ::shutdown,
    .ftruncate = ::ftruncate,
    .map_file = raw_map_file,
    .prctl = raw_prctl,
    .drop_capabilities = raw_drop_capabilities,
#if defined(__linux__)
    .unshare = ::unshare,
    .setns = ::setns,
#else
    .unshare = raw_unshare,
    .setns = raw_setns,
#endif
    .landlock_create_ruleset = raw_landlock_create_ruleset,
    .landlock_add_rule = raw_landlock_add_rule,
    .landlock_restrict_self = raw_landlock_restrict_self,
    .seccomp = raw_seccomp,
    .mprotect = ::mprotect,
    .query_map = raw_query_map,
};

}  // namespace isolatte::inline v0_1::posix
