// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "confine/system_call_lists.hpp"

#include <algorithm>
#include <cerrno>

// Data alone. A name that the architecture does not have, or that the installed libseccomp does not
// know, is left out when the filter is made.

namespace isolatte::inline v0_1::confine {

namespace {

constexpr named_call base[] = {
    {"brk"},
    {"mmap"},
    {"munmap"},
    {"mprotect"},
    {"mremap"},
    {"madvise"},
    {"mincore"},
    {"mlock"},
    {"munlock"},
    {"mlock2"},
    {"mlockall"},
    {"munlockall"},
    {"msync"},
    {"membarrier"},
    {"mseal", 462},
    {"map_shadow_stack", 453},
    {"pkey_mprotect"},
    {"pkey_alloc"},
    {"pkey_free"},
    {"memfd_create"},
    {"futex"},
    {"futex_waitv", 449},
    {"futex_wake", 454},
    {"futex_wait", 455},
    {"futex_requeue", 456},
    {"set_robust_list"},
    {"set_tid_address"},
    {"rseq"},
    {"sched_yield"},
    {"sched_getaffinity"},
    {"getcpu"},
    {"sched_getparam"},
    {"sched_getscheduler"},
    {"sched_get_priority_max"},
    {"sched_get_priority_min"},
    {"gettid"},
    {"getpid"},
    {"getppid"},
    {"exit"},
    {"exit_group"},
    {"restart_syscall"},
    {"arch_prctl"},
    {"clock_gettime"},
    {"clock_getres"},
    {"clock_nanosleep"},
    {"nanosleep"},
    {"gettimeofday"},
    {"time"},
    {"times"},
    {"timer_create"},
    {"timer_settime"},
    {"timer_gettime"},
    {"timer_delete"},
    {"timer_getoverrun"},
    {"setitimer"},
    {"getitimer"},
    {"alarm"},
    {"timerfd_create"},
    {"timerfd_settime"},
    {"timerfd_gettime"},
    {"eventfd2"},
    {"eventfd"},
    {"rt_sigprocmask"},
    {"rt_sigreturn"},
    {"rt_sigpending"},
    {"rt_sigtimedwait"},
    {"rt_sigsuspend"},
    {"sigaltstack"},
    {"pause"},
    {"signalfd4"},
    {"read"},
    {"write"},
    {"readv"},
    {"writev"},
    {"pread64"},
    {"pwrite64"},
    {"preadv"},
    {"pwritev"},
    {"preadv2"},
    {"pwritev2"},
    {"lseek"},
    {"fstat"},
    {"fsync"},
    {"fdatasync"},
    {"ftruncate"},
    {"fallocate"},
    {"fadvise64"},
    {"readahead"},
    {"sync_file_range"},
    {"copy_file_range"},
    {"sendfile"},
    {"splice"},
    {"tee"},
    {"vmsplice"},
    {"flock"},
    {"pipe"},
    {"pipe2"},
    {"poll"},
    {"ppoll"},
    {"select"},
    {"pselect6"},
    {"epoll_create"},
    {"epoll_create1"},
    {"epoll_ctl"},
    {"epoll_wait"},
    {"epoll_pwait"},
    {"epoll_pwait2", 441},
    {"sendmsg"},
    {"recvmsg"},
    {"sendto"},
    {"recvfrom"},
    {"shutdown"},
    {"getsockopt"},
    {"getsockname"},
    {"getpeername"},
    {"getuid"},
    {"geteuid"},
    {"getgid"},
    {"getegid"},
    {"getresuid"},
    {"getresgid"},
    {"getgroups"},
    {"getpgrp"},
    {"getpgid"},
    {"getsid"},
    {"uname"},
    {"sysinfo"},
    {"getrusage"},
    {"getrlimit"},
    {"getrandom"},
    {"getcwd"},
    {"umask"},
    {"getpriority"},
    {"capget"},
    {"landlock_create_ruleset", 444},
    {"landlock_add_rule", 445},
    {"landlock_restrict_self", 446},
    {"dup"},
    {"close"},
    {"dup2"},
    {"dup3"},
};

constexpr named_call path[] = {
    {"open"},      {"openat"},          {"creat"},         {"stat"},
    {"lstat"},     {"newfstatat"},      {"statx"},         {"access"},
    {"faccessat"}, {"faccessat2", 439}, {"readlink"},      {"readlinkat"},
    {"getdents"},  {"getdents64"},      {"statfs"},        {"fstatfs"},
    {"chdir"},     {"fchdir"},          {"mkdir"},         {"mkdirat"},
    {"rmdir"},     {"unlink"},          {"unlinkat"},      {"rename"},
    {"renameat"},  {"renameat2"},       {"link"},          {"linkat"},
    {"symlink"},   {"symlinkat"},       {"inotify_init1"}, {"inotify_rm_watch"},
    {"fgetxattr"}, {"flistxattr"},      {"truncate"},      {"file_getattr", 468},
};

constexpr named_call sockets[] = {
    {"connect"}, {"bind"},     {"listen"},   {"accept"},
    {"accept4"}, {"sendmmsg"}, {"recvmmsg"}, {"setsockopt"},
};

constexpr named_call processes[] = {
    {"wait4"},
    {"waitid"},
    {"pidfd_open", 434},
    {"pidfd_send_signal", 424},
};

constexpr named_call execution[] = {{"execve"}, {"execveat"}};

/// 0 claims success: a copy of a file sets the permissions that the file has already.
constexpr refused_call refused[] = {
    {{"clone3", 435}, ENOSYS},
    {{"openat2", 437}, ENOSYS},
    {{"close_range", 436}, ENOSYS},
    {{"process_vm_readv"}, ENOSYS},
    {{"io_uring_setup", 425}, ENOSYS},
    {{"io_uring_enter", 426}, ENOSYS},
    {{"io_uring_register", 427}, ENOSYS},
    {{"setsid"}, EPERM},
    {{"setpgid"}, EPERM},
    {{"get_mempolicy"}, EPERM},
    {{"ioprio_set"}, EPERM},
    {{"ioprio_get"}, EPERM},
    {{"sched_setattr"}, EPERM},
    {{"sched_getattr"}, EPERM},
    {{"chmod"}, EPERM},
    {{"fchmodat"}, EPERM},
    {{"fchmodat2", 452}, EPERM},
    {{"chown"}, EPERM},
    {{"fchown"}, EPERM},
    {{"lchown"}, EPERM},
    {{"fchownat"}, EPERM},
    {{"setxattr"}, EPERM},
    {{"lsetxattr"}, EPERM},
    {{"fsetxattr"}, EPERM},
    {{"setxattrat", 463}, EPERM},
    {{"removexattr"}, EPERM},
    {{"lremovexattr"}, EPERM},
    {{"fremovexattr"}, EPERM},
    {{"removexattrat", 466}, EPERM},
    {{"mknod"}, EPERM},
    {{"mknodat"}, EPERM},
    {{"file_setattr", 469}, EPERM},
    {{"utime"}, EPERM},
    {{"utimes"}, EPERM},
    {{"futimesat"}, EPERM},
    {{"fchmod"}, 0},
    {{"get_robust_list"}, EPERM},
    // Landlock does not cover these, and they tell what is in files that are not listed.
    {{"getxattr"}, EOPNOTSUPP},
    {{"lgetxattr"}, EOPNOTSUPP},
    {{"listxattr"}, EOPNOTSUPP},
    {{"llistxattr"}, EOPNOTSUPP},
    {{"getxattrat", 464}, EOPNOTSUPP},
    {{"listxattrat", 465}, EOPNOTSUPP},
    {{"inotify_add_watch"}, EACCES},
    {{"setpriority"}, EPERM},
    {{"cachestat", 451}, ENOSYS},
    {{"statmount", 457}, ENOSYS},
    {{"listmount", 458}, ENOSYS},
    {{"lsm_get_self_attr", 459}, ENOSYS},
    {{"lsm_list_modules", 461}, ENOSYS},
};

/// Calls that undo a sandbox, or reach what it does not speak of. Calls whose arguments decide that
/// (clone, seccomp) are allowed as far as the filter allows them, and not by name.
constexpr std::string_view never[] = {
    "ptrace",
    "process_vm_writev",
    "kcmp",
    "perf_event_open",
    "userfaultfd",
    "bpf",
    "keyctl",
    "add_key",
    "request_key",
    "mount",
    "umount2",
    "pivot_root",
    "chroot",
    "fsopen",
    "fsconfig",
    "fsmount",
    "fspick",
    "open_tree",
    "move_mount",
    "mount_setattr",
    "open_tree_attr",
    "unshare",
    "setns",
    "init_module",
    "finit_module",
    "delete_module",
    "kexec_load",
    "kexec_file_load",
    "reboot",
    "swapon",
    "swapoff",
    "syslog",
    "acct",
    "quotactl",
    "quotactl_fd",
    "settimeofday",
    "clock_settime",
    "clock_adjtime",
    "adjtimex",
    "sethostname",
    "setdomainname",
    "iopl",
    "ioperm",
    "modify_ldt",
    "vm86",
    "vm86old",
    "nfsservctl",
    "vhangup",
    "lookup_dcookie",
    "open_by_handle_at",
    "name_to_handle_at",
    "process_madvise",
    "process_mrelease",
    "pidfd_getfd",
    "move_pages",
    "migrate_pages",
    "mbind",
    "set_mempolicy",
    "set_mempolicy_home_node",
    "fanotify_init",
    "fanotify_mark",
    "remap_file_pages",
    "uselib",
    "ustat",
    "sysfs",
    "_sysctl",
    "shmget",
    "shmat",
    "shmctl",
    "shmdt",
    "semget",
    "semop",
    "semctl",
    "semtimedop",
    "msgget",
    "msgsnd",
    "msgrcv",
    "msgctl",
    "mq_open",
    "mq_unlink",
    "mq_timedsend",
    "mq_timedreceive",
    "mq_notify",
    "mq_getsetattr",
    "setuid",
    "setgid",
    "setreuid",
    "setregid",
    "setresuid",
    "setresgid",
    "setgroups",
    "setfsuid",
    "setfsgid",
    "capset",
    "personality",
    "memfd_secret",
    "lsm_set_self_attr",
    "rt_sigqueueinfo",
    "rt_tgsigqueueinfo",
    "tkill",
    "clone",
    "clone3",
    "io_uring_setup",
    "io_uring_enter",
    "io_uring_register",
    "process_vm_readv",
    "seccomp",
    "statmount",
    "listmount",
};

/// The calls of `never` that an older libseccomp has no name for.
constexpr named_call forbidden_new[] = {{"memfd_secret", 447},
                                        {"process_mrelease", 448},
                                        {"set_mempolicy_home_node", 450},
                                        {"lsm_set_self_attr", 460},
                                        {"open_tree_attr", 467}};

bool lists(std::span<const named_call> list, std::string_view name) noexcept {
  return std::any_of(list.begin(), list.end(),
                     [&](const named_call& each) { return each.name == name; });
}

template <class Function>
void for_each_call(Function function) noexcept {
  for (auto const list :
       {std::span<const named_call>{base}, std::span<const named_call>{path},
        std::span<const named_call>{sockets}, std::span<const named_call>{processes},
        std::span<const named_call>{execution}, std::span<const named_call>{forbidden_new}})
    for (auto const& each : list) function(each);
  for (auto const& each : refused) function(each.call);
}

}  // namespace

std::span<const named_call> base_calls() noexcept { return base; }
std::span<const named_call> path_calls() noexcept { return path; }
std::span<const named_call> socket_calls() noexcept { return sockets; }
std::span<const named_call> process_calls() noexcept { return processes; }
std::span<const named_call> execute_calls() noexcept { return execution; }
std::span<const refused_call> refused_calls() noexcept { return refused; }

namespace {

/// Refused calls that can be allowed by name.
constexpr std::string_view harmless[] = {
    "statx",     "get_mempolicy", "ioprio_get",        "sched_getattr",    "cachestat",
    "statmount", "listmount",     "lsm_get_self_attr", "lsm_list_modules",
};

/// Calls that are allowed as far as their arguments are harmless, which a name would lift.
constexpr std::string_view looked_at[] = {
    "clone",
    "fork",
    "vfork",
    "kill",
    "tgkill",
    "prlimit64",
    "sched_setaffinity",
    "sched_setscheduler",
    "sched_setparam",
    "fcntl",
    "ioctl",
    "prctl",
    "seccomp",
    "rt_sigaction",
    "utimensat",
    "pidfd_send_signal",
    "socket",  // which sockets there are is for sandbox::network to say
};

template <std::size_t Size>
bool lists(const std::string_view (&list)[Size], std::string_view name) noexcept {
  return std::find(std::begin(list), std::end(list), name) != std::end(list);
}

}  // namespace

asked ask_for(std::string_view name) noexcept {
  if (lists(never, name) || lists(looked_at, name)) return asked::never;
  for (auto const list :
       {base_calls(), path_calls(), socket_calls(), process_calls(), execute_calls()})
    if (lists(list, name)) return asked::allowed;
  for (auto const& each : refused)
    if (each.call.name == name) return lists(harmless, name) ? asked::allowed : asked::never;
  return asked::unlisted;
}

bool takes_path(std::string_view name) noexcept {
  return lists(path, name) || lists(execution, name) || name == "openat2" || name == "statx";
}

int number_of_new_call(std::string_view name) noexcept {
  int number = -1;
  for_each_call([&](const named_call& each) {
    if (each.name == name) number = each.number;
  });
  return number;
}

std::string_view name_of_new_call(int number) noexcept {
  std::string_view name;
  for_each_call([&](const named_call& each) {
    if (number != -1 && each.number == number) name = each.name;
  });
  return name;
}

}  // namespace isolatte::inline v0_1::confine
