// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "confine/filter.hpp"

#include "confine/system_call_lists.hpp"

#if ISOLATTE_HAS_SANDBOX
#include "confine/bpf.hpp"
#include "posix/memory_file.hpp"
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

// libseccomp makes a tree of the calls, which the kernel walks once for each call when the filter
// is loaded. libseccomp can neither say "greater than" of a call's number nor compare 32 bits for
// inequality (SCMP_CMP_NE compares 64). A prologue, written here, does both and runs before its
// program. Every argument is compared by SCMP_CMP_MASKED_EQ with at most 32 bits: the kernel
// ignores the upper half of an int, and code leaves anything there.

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
constexpr std::uint32_t all_bits = 0xffffffff;

constexpr std::uint32_t errno_answer(int error) noexcept {
  return SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(error);
}

std::uint32_t action_of(forbidden what) noexcept {
  switch (what) {
    case forbidden::kill: return SCMP_ACT_KILL_PROCESS;
    case forbidden::refuse: return SCMP_ACT_ERRNO(EPERM);
    case forbidden::trap: break;
  }
  return SCMP_ACT_TRAP;
}

// The prologue

/// Looks at a call that opens a file by its path.
/// @param flags the number of the argument; the mode follows it
/// @param creates where to look at the mode
void look_at_opening(bpf_assembler& code, const filter_kind& kind, unsigned flags,
                     bpf_assembler::label denied, bpf_assembler::label creates,
                     bpf_assembler::label end) {
  if (kind.guards_truncation) {
    code.load_argument(flags);
    code.keep_bits(O_TRUNC | O_ACCMODE);
    code.if_equal(O_TRUNC, denied);
  }
  code.load_argument(flags);
  code.keep_bits(O_CREAT | (O_TMPFILE & ~O_DIRECTORY));
  code.if_equal(0, end, creates);
}

/// Lets through what a template and the child that it makes have to do, for those who have the
/// pass.
void let_pass(filter& made, bpf_assembler& code, bpf_assembler::label allowed) {
  auto const look_at_pass = code.make_label();
  auto const without = code.make_label();
  auto const end = code.make_label();
  for (std::uint32_t const call :
       {SYS_clone, SYS_get_robust_list, SYS_setpgid, SYS_close_range, SYS_dup3, SYS_fcntl,
        SYS_openat, SYS_setpriority, SYS_prctl, SYS_capset, SYS_setresuid, SYS_setresgid,
        SYS_setgroups, SYS_setns})
    code.if_equal(call, look_at_pass);
  code.go_to(end);
  code.place(look_at_pass);
  code.load_argument(5);
  made.pass_marks.push_back(code.if_equal(all_bits, bpf_assembler::next, without));
  code.load_upper_half(5);
  made.pass_marks.push_back(code.if_equal(all_bits, allowed, without));
  code.place(without);
  code.load_number();
  code.place(end);
}

/// @return the code; its last instruction is followed by the next program's first
filter make_prologue(const filter_kind& kind) {
  filter made;
  bpf_assembler code;
  auto const kill = code.make_label();
  auto const unknown = code.make_label();
  auto const first_is_leash = code.make_label();
  auto const second_is_leash = code.make_label();
  auto const bad_descriptor = code.make_label();
  auto const sigaction = code.make_label();
  auto const set_times = code.make_label();
  auto const not_permitted = code.make_label();
  auto const invalid = code.make_label();
  auto const open_at = code.make_label();
  auto const open_path = code.make_label();
  auto const mode_second = code.make_label();
  auto const mode_third = code.make_label();
  auto const mode_fourth = code.make_label();
  auto const look_for_set_id = code.make_label();
  auto const flags_third = code.make_label();
  auto const flags_fourth = code.make_label();
  auto const look_for_fast_open = code.make_label();
  auto const denied = code.make_label();
  auto const allowed = code.make_label();
  auto const end = code.make_label();

  code.load_architecture();
  code.if_equal(native_architecture, bpf_assembler::next, kill);
  code.load_number();
#if defined(__x86_64__)
  // The numbers of x32. -1 is what a debugger leaves of a call that it has skipped.
  code.if_equal(all_bits, unknown);
  code.if_at_least(0x40000000, kill);
#endif
  code.if_above(newest_call, unknown);
  if (kind.inherited) let_pass(made, code, allowed);

  for (std::uint32_t const call : {SYS_close, SYS_dup, SYS_fcntl, SYS_ioctl, SYS_fchmod})
    code.if_equal(call, first_is_leash);
#if defined(SYS_dup2)
  code.if_equal(SYS_dup2, second_is_leash);
#endif
  code.if_equal(SYS_dup3, second_is_leash);
  code.if_equal(SYS_rt_sigaction, sigaction);
  code.if_equal(SYS_utimensat, set_times);
  if (kind.guards_truncation || kind.writes) {
    code.if_equal(SYS_openat, open_at);
#if defined(SYS_open)
    code.if_equal(SYS_open, open_path);
#endif
#if defined(SYS_creat)
    code.if_equal(SYS_creat, mode_second);
#endif
  }
  if (kind.tcp_only) {
    code.if_equal(SYS_sendto, flags_fourth);
    code.if_equal(SYS_sendmmsg, flags_fourth);
    code.if_equal(SYS_sendmsg, flags_third);
  }
  code.go_to(end);

  code.place(second_is_leash);
  code.load_argument(1);
  made.leash_marks.push_back(code.if_equal(all_bits, bad_descriptor));
  code.place(first_is_leash);
  code.load_argument(0);
  made.leash_marks.push_back(code.if_equal(all_bits, bad_descriptor, end));

  // A handler of the child's own would hide the violation.
  code.place(sigaction);
  code.load_argument(0);
  code.if_equal(SIGSYS, invalid, end);

  // futimens(): the file is open already. Both halves of a null pointer are null.
  code.place(set_times);
  code.load_argument(1);
  code.if_equal(0, bpf_assembler::next, not_permitted);
  code.load_upper_half(1);
  code.if_equal(0, end, not_permitted);

  // A file that takes on its owner's rights would be a way to them for a program outside.
  code.place(open_at);
  look_at_opening(code, kind, 2, denied, mode_fourth, end);
  code.place(open_path);
  look_at_opening(code, kind, 1, denied, mode_third, end);
  code.place(mode_second);
  code.load_argument(1);
  code.go_to(look_for_set_id);
  code.place(mode_third);
  code.load_argument(2);
  code.go_to(look_for_set_id);
  code.place(mode_fourth);
  code.load_argument(3);
  code.place(look_for_set_id);
  code.keep_bits(S_ISUID | S_ISGID);
  code.if_equal(0, end, not_permitted);

  // Landlock does not see a connection that the first packet opens.
  code.place(flags_fourth);
  code.load_argument(3);
  code.go_to(look_for_fast_open);
  code.place(flags_third);
  code.load_argument(2);
  code.place(look_for_fast_open);
  code.keep_bits(MSG_FASTOPEN);
  code.if_equal(MSG_FASTOPEN, denied, end);

  code.place(kill);
  code.answer(SECCOMP_RET_KILL_PROCESS);
  code.place(unknown);
  code.answer(errno_answer(ENOSYS));
  code.place(bad_descriptor);
  code.answer(errno_answer(EBADF));
  code.place(invalid);
  code.answer(errno_answer(EINVAL));
  code.place(not_permitted);
  code.answer(errno_answer(EPERM));
  code.place(denied);
  code.answer(errno_answer(EACCES));
  code.place(allowed);
  code.answer(SECCOMP_RET_ALLOW);
  code.place(end);
  made.instructions = std::move(code).assemble();
  return made;
}

// libseccomp's program

struct context_deleter {
  void operator()(void* context) const noexcept { ::seccomp_release(context); }
};
using seccomp_context = std::unique_ptr<void, context_deleter>;

constexpr scmp_arg_cmp masked(unsigned argument, std::uint32_t mask, std::uint32_t value) noexcept {
  return {argument, SCMP_CMP_MASKED_EQ, mask, value};
}

/// @return the number; nothing if the architecture has no such call, or its number is unknown
std::optional<int> number_of(const named_call& call) {
  int const number = ::seccomp_syscall_resolve_name(std::string{call.name}.c_str());
  if (number >= 0) return number;
  if (number == __NR_SCMP_ERROR && call.number >= 0) return call.number;
  return std::nullopt;
}

/// Collects what is to happen to each call, and hands it over at last: libseccomp takes one
/// unconditional rule for each call.
class rules {
 public:
  void set(int number, std::uint32_t action) {
    conditional_.erase(number);
    always_[number] = action;
  }
  void set(const named_call& call, std::uint32_t action) {
    if (auto const number = number_of(call)) set(*number, action);
  }
  void set(std::span<const named_call> calls, std::uint32_t action) {
    for (auto const& each : calls) set(each, action);
  }
  /// Says what happens if all conditions hold; otherwise what the filter does with every other
  /// call.
  void when(int number, std::uint32_t action, std::vector<scmp_arg_cmp> conditions) {
    always_.erase(number);
    conditional_[number].push_back({action, std::move(conditions)});
  }
  void allow_when(int number, std::vector<scmp_arg_cmp> conditions) {
    when(number, SCMP_ACT_ALLOW, std::move(conditions));
  }

  /// @return 0, or a negative errno
  int hand_to(void* context, std::uint32_t default_action) const {
    for (auto const& [number, action] : always_) {
      if (action == default_action) continue;
      if (int const failed = ::seccomp_rule_add(context, action, number, 0)) return failed;
    }
    for (auto const& [number, all] : conditional_)
      for (auto const& each : all) {
        if (each.action == default_action) continue;
        int const failed = ::seccomp_rule_add_array(context, each.action, number,
                                                    static_cast<unsigned>(each.conditions.size()),
                                                    each.conditions.data());
        if (failed != 0) return failed;
      }
    return 0;
  }

 private:
  struct conditional_rule {
    std::uint32_t action;
    std::vector<scmp_arg_cmp> conditions;
  };
  std::map<int, std::uint32_t> always_;
  std::map<int, std::vector<conditional_rule>> conditional_;
};

constexpr std::uint32_t denied_by_path = SCMP_ACT_ERRNO(EACCES);

void add_paths(rules& all, const filter_kind& kind) {
  if (kind.paths) return all.set(path_calls(), SCMP_ACT_ALLOW);
  all.set(path_calls(), denied_by_path);
  all.set(named_call{"statx"}, SCMP_ACT_ERRNO(ENOSYS));
  // The C library's fstat(). The filter cannot see whether the path is empty.
  constexpr std::uint32_t empty_path = 0x1000;
  if (auto const stat_at = number_of({"newfstatat"})) {
    all.allow_when(*stat_at, {masked(3, empty_path, empty_path)});
    all.when(*stat_at, denied_by_path, {masked(3, empty_path, 0)});
  }
}

void add_permissions(rules& all, const filter_kind& kind) {
  if (!kind.sets_permissions) return;
  constexpr std::uint32_t special = S_ISUID | S_ISGID | S_ISVTX;
  all.allow_when(SYS_fchmod, {masked(1, special, 0)});
  for (std::uint32_t const each : {S_ISUID, S_ISGID, S_ISVTX})
    all.when(SYS_fchmod, SCMP_ACT_ERRNO(EPERM), {masked(1, each, each)});
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
  std::uint32_t const process = kind.processes ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EPERM);
  all.allow_when(SYS_clone, {masked(0, looked_at, thread)});
  all.when(SYS_clone, process, {masked(0, looked_at, 0)});
  all.when(SYS_clone, process, {masked(0, looked_at, spawn)});
  all.set(named_call{"fork"}, process);
  all.set(named_call{"vfork"}, process);
  if (kind.processes) all.set(process_calls(), SCMP_ACT_ALLOW);
  if (kind.executes)
    all.set(execute_calls(), SCMP_ACT_ALLOW);
  else if (kind.processes)
    all.set(execute_calls(), denied_by_path);
  if (kind.contained)
    for (auto const* const name : {"setsid", "setpgid"}) all.set(named_call{name}, SCMP_ACT_ALLOW);
  for (int const call : {SYS_kill, SYS_tgkill}) {
    if (kind.processes || kind.inherited)
      all.set(call, SCMP_ACT_ALLOW);
    else
      all.allow_when(call, {masked(0, all_bits, any_pid)});
  }
  for (int const call :
       {SYS_prlimit64, SYS_sched_setaffinity, SYS_sched_setscheduler, SYS_sched_setparam})
    all.allow_when(call, {masked(0, all_bits, 0)});
}

void add_descriptors(rules& all) {
  constexpr int commands[] = {
      F_DUPFD, F_GETFD, F_SETFD,         F_GETFL,      F_GETLK,      F_SETLK,          F_SETLKW, 36,
      37,      38,      F_DUPFD_CLOEXEC, F_SETPIPE_SZ, F_GETPIPE_SZ, 1033 /* seals */, 1034};
  for (int const command : commands)
    all.allow_when(SYS_fcntl, {masked(1, all_bits, static_cast<std::uint32_t>(command))});
  all.allow_when(SYS_fcntl, {masked(1, all_bits, F_SETFL), masked(2, O_ASYNC, 0)});

  constexpr std::uint32_t terminal_attributes_2 = 0x802c542a;
  // PROCMAP_QUERY: what /proc/PID/maps says, for a sandbox within this one.
  constexpr std::uint32_t query_map = 0xc0686611;
  for (std::uint32_t const request :
       {std::uint32_t{TCGETS}, terminal_attributes_2, query_map, std::uint32_t{TIOCGWINSZ},
        std::uint32_t{FIONREAD}, std::uint32_t{FIONBIO}, std::uint32_t{FIOCLEX},
        std::uint32_t{FIONCLEX}})
    all.allow_when(SYS_ioctl, {masked(1, all_bits, request)});
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
    all.allow_when(SYS_prctl, {masked(0, all_bits, option)});
  all.allow_when(SYS_seccomp, {masked(0, all_bits, SECCOMP_SET_MODE_FILTER),
                               masked(1, SECCOMP_FILTER_FLAG_NEW_LISTENER, 0)});
  all.allow_when(SYS_seccomp, {masked(0, all_bits, SECCOMP_GET_ACTION_AVAIL)});
}

void allow_unix_pairs(rules& all) {
  for (std::uint32_t const type : {SOCK_STREAM, SOCK_SEQPACKET})
    all.allow_when(SYS_socketpair, {masked(0, all_bits, AF_UNIX), masked(1, 0xf, type)});
}

void allow_internet(rules& all, bool tcp_only) {
  for (std::uint32_t const family : {AF_INET, AF_INET6}) {
    if (tcp_only) {
      // Landlock speaks of TCP alone, and other protocols have streams, too.
      for (std::uint32_t const protocol : {0, 6})
        all.allow_when(SYS_socket, {masked(0, all_bits, family), masked(1, 0xf, SOCK_STREAM),
                                    masked(2, all_bits, protocol)});
    } else {
      for (std::uint32_t const type : {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET})
        all.allow_when(SYS_socket, {masked(0, all_bits, family), masked(1, 0xf, type)});
    }
  }
  // getaddrinfo() asks for the addresses of this machine.
  all.allow_when(SYS_socket, {masked(0, all_bits, AF_NETLINK), masked(2, all_bits, 0)});
}

void add_sockets(rules& all, const filter_kind& kind) {
  if (kind.sockets) {
    all.set(socket_calls(), SCMP_ACT_ALLOW);
    allow_internet(all, kind.tcp_only);
    if (!kind.listens)
      for (auto const* const name : {"bind", "listen", "accept", "accept4"})
        all.set(named_call{name}, denied_by_path);
  }
  // Functions that look up names of users and hosts try a Unix socket first, and do without.
  all.when(SYS_socket, denied_by_path, {masked(0, all_bits, AF_UNIX)});
  // A pair of Unix sockets carries a copy of the leash, which the guard does not know, past it. The
  // end of a PID namespace needs no leash in the child.
  if (kind.contained)
    allow_unix_pairs(all);
  else if (kind.sockets || kind.processes)
    all.set(SYS_socketpair, denied_by_path);
}

/// @return whether every name is known
bool add_names(rules& all, const filter_kind& kind) {
  for (auto const& name : kind.names) {
    int const number = ::seccomp_syscall_resolve_name(name.c_str());
    int const in_lists = number_of_new_call(name);
    if (number == __NR_SCMP_ERROR && in_lists == -1) return false;
    // Which sockets there are is for sandbox::network to say.
    if (name == "socket") continue;
    if (name == "socketpair")
      allow_unix_pairs(all);
    else
      all.set({name, in_lists}, SCMP_ACT_ALLOW);
  }
  return true;
}

std::vector<sock_filter> export_program(void* context, error_code& ec) {
  auto const file = posix::make_memory_file(std::size_t{0}, ec);
  if (ec) return {};
  if (int const failed = ::seccomp_export_bpf(context, file.get())) {
    ec.assign(-failed, boost::system::system_category());
    return {};
  }
  off_t const size = posix::sys.lseek(file.get(), 0, SEEK_END);
  if (size == -1 || posix::sys.lseek(file.get(), 0, SEEK_SET) == -1) {
    ec = posix::last_error();
    return {};
  }
  std::vector<sock_filter> program(static_cast<std::size_t>(size) / sizeof(sock_filter));
  auto room = std::as_writable_bytes(std::span{program});
  while (!room.empty()) {
    ssize_t const count =
        posix::retry([&] { return ::read(file.get(), room.data(), room.size()); });
    if (count <= 0) {
      ec = count == 0 ? make_error_code(boost::system::errc::io_error) : posix::last_error();
      return {};
    }
    room = room.subspan(static_cast<std::size_t>(count));
  }
  return program;
}

std::vector<sock_filter> make_tree(const filter_kind& kind, error_code& ec) {
  std::uint32_t const default_action = action_of(kind.otherwise);
  seccomp_context const context{::seccomp_init(default_action)};
  if (!context) {
    ec = make_error_code(boost::system::errc::not_enough_memory);
    return {};
  }
  rules all;
  all.set(base_calls(), SCMP_ACT_ALLOW);
  for (auto const& each : refused_calls())
    all.set(each.call, SCMP_ACT_ERRNO(static_cast<std::uint32_t>(each.error)));
  add_paths(all, kind);
  add_permissions(all, kind);
  add_threads_and_processes(all, kind);
  add_descriptors(all);
  add_process_attributes(all);
  add_sockets(all, kind);
  // The prologue looks at their arguments.
  for (int const call : {SYS_rt_sigaction, SYS_utimensat}) all.set(call, SCMP_ACT_ALLOW);
  if (!add_names(all, kind)) {
    ec = make_error_code(boost::system::errc::invalid_argument);
    return {};
  }
  int failed = ::seccomp_attr_set(context.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
  if (failed == 0) failed = ::seccomp_attr_set(context.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);
  if (failed == 0) failed = all.hand_to(context.get(), default_action);
  if (failed != 0) {
    ec.assign(-failed, boost::system::system_category());
    return {};
  }
  return export_program(context.get(), ec);
}

std::shared_ptr<const filter> make_anew(const filter_kind& kind, error_code& ec) {
  auto const tree = make_tree(kind, ec);
  if (ec) return nullptr;
  auto made = std::make_shared<filter>(make_prologue(kind));
  std::size_t const begin = made->instructions.size();
  made->instructions.insert(made->instructions.end(), tree.begin(), tree.end());
  for (std::size_t at = begin; at != made->instructions.size(); ++at)
    if (made->instructions[at].k == any_pid)
      made->pid_marks.push_back(static_cast<std::uint16_t>(at));
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
  std::shared_ptr<const filter> find(const filter_kind& kind) {
    auto const lock = posix::lock_registry();
    auto const found = filters_.find(kind);
    return found == filters_.end() ? nullptr : found->second;
  }
  void keep(const filter_kind& kind, const std::shared_ptr<const filter>& made) {
    auto const lock = posix::lock_registry();
    if (filters_.size() == most_filters) filters_.clear();
    filters_.insert_or_assign(kind, made);
  }

 private:
  static constexpr std::size_t most_filters = 256;
  std::map<filter_kind, std::shared_ptr<const filter>> filters_;
};

}  // namespace

std::shared_ptr<const filter> make_filter(const filter_kind& kind, error_code& ec) {
  if (auto found = filter_cache::get().find(kind)) return found;
  auto made = make_anew(kind, ec);
  if (made) filter_cache::get().keep(kind, made);
  return made;
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

std::shared_ptr<const filter> make_filter(const filter_kind&, boost::system::error_code& ec) {
  ec = make_error_code(boost::system::errc::not_supported);
  return nullptr;
}

std::string name_of_call(int) { return {}; }

}  // namespace isolatte::inline v0_1::confine

#endif
