// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "confine/filter.hpp"

#include "confine/system_call_lists.hpp"

#if ISOLATTE_HAS_SANDBOX
#include "confine/bpf.hpp"
#include "confine/call_rules.hpp"
#include "posix/process_registry.hpp"

#include <cerrno>
#include <cstdlib>
#include <map>
#include <optional>
#include <span>
#include <utility>

#include <fcntl.h>
#include <linux/audit.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

// libseccomp knows the numbers of the calls. The library could make the code, too, but can neither
// say "greater than" of a number nor compare 32 bits for inequality, and its code is loaded three
// times as slowly: it names each call, where call_rules name ranges.

namespace isolatte::inline v0_1::confine {

namespace {

using boost::system::error_code;

#if defined(__x86_64__)
constexpr std::uint32_t native_architecture = AUDIT_ARCH_X86_64;
#else
constexpr std::uint32_t native_architecture = AUDIT_ARCH_AARCH64;
#endif

/// Stands for the child's own number, and is no process's: Linux has fewer.
constexpr std::uint32_t any_pid = 0x7e51a77e;

std::uint32_t action_of(forbidden what) noexcept {
  switch (what) {
    case forbidden::kill: return SECCOMP_RET_KILL_PROCESS;
    case forbidden::refuse: return errno_answer(EPERM);
    case forbidden::trap: break;
  }
  return SECCOMP_RET_TRAP;
}

constexpr std::uint32_t allow = SECCOMP_RET_ALLOW;
constexpr std::uint32_t denied = errno_answer(EACCES);
constexpr std::uint32_t not_permitted = errno_answer(EPERM);

/// @return the number; nothing if the architecture has no such call, or its number is unknown
std::optional<int> number_of(const named_call& call) {
  int const number = ::seccomp_syscall_resolve_name(std::string{call.name}.c_str());
  if (number >= 0) return number;
  if (number == __NR_SCMP_ERROR && call.number >= 0) return call.number;
  return std::nullopt;
}

/// The rules by the names of calls.
class rules {
 public:
  explicit rules(std::uint32_t otherwise) : by_number_{otherwise} {}

  void set(long number, std::uint32_t answer) { by_number_.set(word(number), answer); }
  void set(const named_call& call, std::uint32_t answer) {
    if (auto const number = number_of(call)) set(*number, answer);
  }
  void set(std::span<const named_call> calls, std::uint32_t answer) {
    for (auto const& each : calls) set(each, answer);
  }
  void when(long number, std::uint32_t answer, std::vector<argument_bits> conditions) {
    by_number_.when(word(number), answer, std::move(conditions));
  }
  void allow_when(long number, std::vector<argument_bits> conditions) {
    when(number, allow, std::move(conditions));
  }
  void look_first(long number, call_rules::check code) {
    by_number_.look_first(word(number), std::move(code));
  }
  call_rules& by_number() noexcept { return by_number_; }

  static call_rules::number word(long number) noexcept {
    return static_cast<call_rules::number>(number);
  }

 private:
  call_rules by_number_;
};

void add_paths(rules& all, const filter_kind& kind) {
  if (kind.paths) return all.set(path_calls(), allow);
  all.set(path_calls(), denied);
  all.set(named_call{"statx"}, errno_answer(ENOSYS));
  // The C library's fstat(). The filter cannot see whether the path is empty.
  constexpr std::uint32_t empty_path = 0x1000;
  if (auto const stat_at = number_of({"newfstatat"})) {
    all.allow_when(*stat_at, {{3, empty_path, empty_path}});
    all.when(*stat_at, denied, {{3, empty_path, 0}});
  }
}

void add_permissions(rules& all, const filter_kind& kind) {
  if (!kind.sets_attributes) return;
  constexpr std::uint32_t special = S_ISUID | S_ISGID | S_ISVTX;
  all.allow_when(SYS_fchmod, {{1, special, 0}});
  for (std::uint32_t const each : {S_ISUID, S_ISGID, S_ISVTX})
    all.when(SYS_fchmod, not_permitted, {{1, each, each}});
}

void add_threads_and_processes(rules& all, const filter_kind& kind) {
  constexpr std::uint32_t thread =
      CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
  constexpr std::uint32_t looked_at = thread | CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS |
                                      CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET |
                                      CLONE_PTRACE | CLONE_UNTRACED | CLONE_PARENT | CLONE_VFORK;
  constexpr std::uint32_t spawn = CLONE_VM | CLONE_VFORK;
  // EPERM and not SIGSYS: the C library forks with all signals blocked, and a trap kills without a
  // report then.
  std::uint32_t const process = kind.processes ? allow : not_permitted;
  all.allow_when(SYS_clone, {{0, looked_at, thread}});
  all.when(SYS_clone, process, {{0, looked_at, 0}});
  all.when(SYS_clone, process, {{0, looked_at, spawn}});
  all.set(named_call{"fork"}, process);
  all.set(named_call{"vfork"}, process);
  if (kind.processes) all.set(process_calls(), allow);
  if (kind.executes)
    all.set(execute_calls(), allow);
  else if (kind.processes)
    all.set(execute_calls(), denied);
  if (kind.contained)
    for (auto const* const name : {"setsid", "setpgid"}) all.set(named_call{name}, allow);
  for (int const call : {SYS_kill, SYS_tgkill}) {
    if (kind.processes || kind.inherited)
      all.set(call, allow);
    else
      all.allow_when(call, {{0, all_bits, any_pid}});
  }
  for (int const call :
       {SYS_prlimit64, SYS_sched_setaffinity, SYS_sched_setscheduler, SYS_sched_setparam})
    all.allow_when(call, {{0, all_bits, 0}});
}

/// @param otherwise the answer to a violation
void add_descriptors(rules& all, std::uint32_t otherwise) {
  constexpr int commands[] = {
      F_DUPFD, F_GETFD, F_SETFD,         F_GETFL,      F_GETLK,      F_SETLK,          F_SETLKW, 36,
      37,      38,      F_DUPFD_CLOEXEC, F_SETPIPE_SZ, F_GETPIPE_SZ, 1033 /* seals */, 1034};
  for (int const command : commands)
    all.allow_when(SYS_fcntl, {{1, all_bits, static_cast<std::uint32_t>(command)}});
  all.allow_when(SYS_fcntl, {{1, all_bits, F_SETFL}, {2, O_ASYNC, 0}});

  constexpr std::uint32_t terminal_attributes_2 = 0x802c542a;
  // PROCMAP_QUERY: what /proc/PID/maps says, for a sandbox within this one.
  constexpr std::uint32_t query_map = 0xc0686611;
  for (std::uint32_t const request :
       {std::uint32_t{TCGETS}, terminal_attributes_2, query_map, std::uint32_t{TIOCGWINSZ},
        std::uint32_t{TIOCGPGRP}, std::uint32_t{FIONREAD}, std::uint32_t{FIONBIO},
        std::uint32_t{FIOCLEX}, std::uint32_t{FIONCLEX}})
    all.allow_when(SYS_ioctl, {{1, all_bits, request}});
  // Others are for devices, and programs do without. These send signals, or feed a terminal.
  for (std::uint32_t const request :
       {std::uint32_t{FIOASYNC}, std::uint32_t{FIOSETOWN}, std::uint32_t{SIOCSPGRP},
        std::uint32_t{TIOCSTI}, std::uint32_t{TIOCLINUX}, std::uint32_t{TIOCSCTTY},
        std::uint32_t{TIOCNOTTY}, std::uint32_t{TIOCSPGRP}})
    all.when(SYS_ioctl, otherwise, {{1, all_bits, request}});
  all.when(SYS_ioctl, errno_answer(ENOTTY), {});
}

void add_process_attributes(rules& all) {
  constexpr std::uint32_t name_of_mapping = 0x53564d41;
  for (std::uint32_t const option :
       {std::uint32_t{PR_SET_NAME}, std::uint32_t{PR_GET_NAME}, name_of_mapping,
        std::uint32_t{PR_GET_DUMPABLE}, std::uint32_t{PR_SET_NO_NEW_PRIVS},
        std::uint32_t{PR_GET_NO_NEW_PRIVS}, std::uint32_t{PR_CAPBSET_READ},
        std::uint32_t{PR_GET_TID_ADDRESS}, std::uint32_t{PR_GET_PDEATHSIG},
        std::uint32_t{PR_GET_CHILD_SUBREAPER}, std::uint32_t{PR_GET_SECCOMP},
        std::uint32_t{PR_SET_SECCOMP}})
    all.allow_when(SYS_prctl, {{0, all_bits, option}});
  all.allow_when(SYS_seccomp, {{0, all_bits, SECCOMP_SET_MODE_FILTER},
                               {1, SECCOMP_FILTER_FLAG_NEW_LISTENER, 0}});
  all.allow_when(SYS_seccomp, {{0, all_bits, SECCOMP_GET_ACTION_AVAIL}});
}

void allow_unix_pairs(rules& all) {
  for (std::uint32_t const type : {SOCK_STREAM, SOCK_SEQPACKET})
    all.allow_when(SYS_socketpair, {{0, all_bits, AF_UNIX}, {1, 0xf, type}});
}

void allow_internet(rules& all, bool tcp_only) {
  for (std::uint32_t const family : {AF_INET, AF_INET6}) {
    if (tcp_only) {
      // Landlock speaks of TCP alone, and other protocols have streams, too.
      for (std::uint32_t const protocol : {0, 6})
        all.allow_when(SYS_socket,
                       {{0, all_bits, family}, {1, 0xf, SOCK_STREAM}, {2, all_bits, protocol}});
    } else {
      for (std::uint32_t const type : {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET})
        all.allow_when(SYS_socket, {{0, all_bits, family}, {1, 0xf, type}});
    }
  }
  // getaddrinfo() asks for the addresses of this machine.
  all.allow_when(SYS_socket, {{0, all_bits, AF_NETLINK}, {2, all_bits, 0}});
}

void add_sockets(rules& all, const filter_kind& kind) {
  if (kind.sockets) {
    all.set(socket_calls(), allow);
    allow_internet(all, kind.tcp_only);
    if (!kind.listens)
      for (auto const* const name : {"bind", "listen", "accept", "accept4"})
        all.set(named_call{name}, denied);
  }
  // Functions that look up names of users and hosts try a Unix socket first, and do without.
  all.when(SYS_socket, denied, {{0, all_bits, AF_UNIX}});
  // A pair of Unix sockets carries a copy of the leash, which the guard does not know, past it. The
  // end of a PID namespace needs no leash in the child.
  if (kind.contained)
    allow_unix_pairs(all);
  else if (kind.sockets || kind.processes)
    all.set(SYS_socketpair, denied);
}

/// Answers if the argument has any of the bits.
void answer_if_any(bpf_assembler& code, unsigned argument, std::uint32_t bits,
                   std::uint32_t answer) {
  auto const none = code.make_label();
  code.load_argument(argument);
  code.keep_bits(bits);
  code.if_equal(0, none);
  code.answer(answer);
  code.place(none);
}

/// A file that takes on its owner's rights would be a way to them for a program outside.
void refuse_set_id(bpf_assembler& code, unsigned mode) {
  answer_if_any(code, mode, S_ISUID | S_ISGID, not_permitted);
}

/// Looks at a call that opens a file by its path.
/// @param flags the number of the argument; the mode follows it
void look_at_opening(bpf_assembler& code, const filter_kind& kind, unsigned flags) {
  if (kind.guards_truncation) {
    auto const other = code.make_label();
    code.load_argument(flags);
    code.keep_bits(O_TRUNC | O_ACCMODE);
    code.if_equal(O_TRUNC, bpf_assembler::next, other);
    code.answer(denied);
    code.place(other);
  }
  if (!kind.writes) return;
  auto const opens = code.make_label();
  code.load_argument(flags);
  code.keep_bits(O_CREAT | (O_TMPFILE & ~O_DIRECTORY));
  code.if_equal(0, opens);
  refuse_set_id(code, flags + 1);
  code.place(opens);
}

/// Adds what looks at arguments in other ways than by bits that are to be there.
void add_looks(rules& all, const filter_kind& kind) {
  // A handler of the child's own would hide the violation.
  all.set(SYS_rt_sigaction, allow);
  if (kind.otherwise == forbidden::trap)
    all.look_first(SYS_rt_sigaction, [](bpf_assembler& code) {
      auto const other = code.make_label();
      code.load_argument(0);
      code.if_equal(SIGSYS, bpf_assembler::next, other);
      code.answer(errno_answer(EINVAL));
      code.place(other);
    });
  // futimens(): the file is open already, for reading perhaps. Both halves of a null pointer are
  // null.
  all.set(SYS_utimensat, kind.sets_attributes ? allow : errno_answer(0));
  all.look_first(SYS_utimensat, [](bpf_assembler& code) {
    answer_if_any(code, 1, all_bits, not_permitted);
    auto const null = code.make_label();
    code.load_upper_half(1);
    code.if_equal(0, null);
    code.answer(not_permitted);
    code.place(null);
  });
  if (kind.paths && (kind.guards_truncation || kind.writes)) {
    all.look_first(SYS_openat, [kind](bpf_assembler& code) { look_at_opening(code, kind, 2); });
#if defined(SYS_open)
    all.look_first(SYS_open, [kind](bpf_assembler& code) { look_at_opening(code, kind, 1); });
#endif
#if defined(SYS_creat)
    all.look_first(SYS_creat, [](bpf_assembler& code) { refuse_set_id(code, 1); });
#endif
  }
  if (kind.tcp_only) {
    // Landlock does not see a connection that the first packet opens.
    for (long const call : {SYS_sendto, SYS_sendmmsg})
      all.look_first(call,
                     [](bpf_assembler& code) { answer_if_any(code, 3, MSG_FASTOPEN, denied); });
    all.look_first(SYS_sendmsg,
                   [](bpf_assembler& code) { answer_if_any(code, 2, MSG_FASTOPEN, denied); });
  }
  for (long const call : {SYS_close, SYS_dup, SYS_fcntl, SYS_ioctl, SYS_fchmod, SYS_shutdown,
                          SYS_setsockopt, SYS_bind, SYS_connect})
    all.by_number().guard_leash(rules::word(call), {0});
#if defined(SYS_dup2)
  all.by_number().guard_leash(SYS_dup2, {0, 1});
#endif
  all.by_number().guard_leash(SYS_dup3, {0, 1});
  if (!kind.inherited) return;
  for (long const call : {SYS_clone, SYS_get_robust_list, SYS_setpgid, SYS_close_range, SYS_dup3,
                          SYS_fcntl, SYS_openat, SYS_setpriority, SYS_prctl, SYS_capset,
                          SYS_setresuid, SYS_setresgid, SYS_setgroups, SYS_setns})
    all.by_number().let_pass(rules::word(call));
}

/// @return whether every name is known
bool add_names(rules& all, const filter_kind& kind) {
  for (auto const& name : kind.names) {
    if (!is_system_call(name)) return false;
    if (name == "socketpair")
      allow_unix_pairs(all);
    else
      all.set({name, number_of_new_call(name)}, allow);
  }
  return true;
}

std::shared_ptr<filter> make_anew(const filter_kind& kind, error_code& ec) {
  rules all{action_of(kind.otherwise)};
  if (kind.brief) all.by_number().be_brief();
  all.set(base_calls(), allow);
  for (auto const& each : refused_calls()) all.set(each.call, errno_answer(each.error));
  add_paths(all, kind);
  add_permissions(all, kind);
  add_threads_and_processes(all, kind);
  add_descriptors(all, action_of(kind.otherwise));
  add_process_attributes(all);
  add_sockets(all, kind);
  add_looks(all, kind);
  if (!add_names(all, kind)) {
    ec = make_error_code(boost::system::errc::invalid_argument);
    return nullptr;
  }
  auto made =
      std::make_shared<filter>(all.by_number().compile(native_architecture, newest_call, any_pid));
  // A filter that compares with no process's number would let no child raise a signal.
  bool const has_marks = !made->pid_marks.empty();
  if (has_marks == (kind.processes || kind.inherited) || made->instructions.size() > BPF_MAXINSNS) {
    ec = make_error_code(boost::system::errc::not_supported);
    return nullptr;
  }
  return made;
}

/// Keeps every filter that has been made, as long as the process lives. Guarded by the registry's
/// lock, which no child finds locked.
class filter_cache {
 public:
  static filter_cache& get() {
    static filter_cache* const instance = new filter_cache;
    return *instance;
  }
  std::shared_ptr<filter> find(const filter_kind& kind) {
    auto const lock = posix::lock_registry();
    auto const found = filters_.find(kind);
    return found == filters_.end() ? nullptr : found->second;
  }
  void keep(const filter_kind& kind, const std::shared_ptr<filter>& made) {
    auto const lock = posix::lock_registry();
    if (filters_.size() == most_filters) filters_.clear();
    filters_.insert_or_assign(kind, made);
  }

 private:
  static constexpr std::size_t most_filters = 256;
  std::map<filter_kind, std::shared_ptr<filter>> filters_;
};

}  // namespace

std::shared_ptr<filter> make_filter(const filter_kind& kind, error_code& ec) {
  if (auto found = filter_cache::get().find(kind)) return found;
  auto made = make_anew(kind, ec);
  if (made) filter_cache::get().keep(kind, made);
  return made;
}

bool is_system_call(const std::string& name) noexcept {
  return ::seccomp_syscall_resolve_name(name.c_str()) != __NR_SCMP_ERROR ||
         number_of_new_call(name) != -1;
}

std::string name_of_call(int number) {
  char* const name = ::seccomp_syscall_resolve_num_arch(::seccomp_arch_native(), number);
  if (name == nullptr) {
    auto const known = name_of_new_call(number);
    return known.empty() ? '#' + std::to_string(number) : std::string{known};
  }
  std::string text{name};
  std::free(name);
  return text;
}

}  // namespace isolatte::inline v0_1::confine

#else

namespace isolatte::inline v0_1::confine {

std::shared_ptr<filter> make_filter(const filter_kind&, boost::system::error_code& ec) {
  ec = make_error_code(boost::system::errc::not_supported);
  return nullptr;
}

bool is_system_call(const std::string&) noexcept { return false; }

std::string name_of_call(int) { return {}; }

}  // namespace isolatte::inline v0_1::confine

#endif
