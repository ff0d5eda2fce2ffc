// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "support/fail_calls.hpp"

#include <isolatte/sandbox.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <new>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include <sys/mman.h>
#include <unistd.h>

namespace isolatte::inline v0_1::test {

namespace {

using posix::system_calls;

struct entry_info {
  std::string_view name;
  /// The error of a system that is short of something, or of a filter of system calls.
  int error;
  bool interruptible;
};

// The order is that of the members of system_calls, because `replace_all` pairs them by position.
constexpr std::array infos = {
    entry_info{"fork", EAGAIN, false},
    entry_info{"setpgid", EPERM, false},
    entry_info{"tcsetpgrp", EPERM, false},
    entry_info{"kill", EPERM, false},
    entry_info{"waitid", EINVAL, true},
    entry_info{"wait4", EINVAL, true},
    entry_info{"pidfd_open", EMFILE, false},
    entry_info{"pidfd_send_signal", EPERM, false},
    entry_info{"pipe", EMFILE, false},
    entry_info{"open", ENFILE, true},
    entry_info{"close", EIO, true},
    entry_info{"dup2", EMFILE, true},
    entry_info{"fcntl", EMFILE, false},
    entry_info{"fstat", ENOMEM, false},
    entry_info{"fchmod", EPERM, false},
    entry_info{"write", ENOSPC, true},
    entry_info{"lseek", EOVERFLOW, false},
    entry_info{"temporary_file", EMFILE, true},
    entry_info{"close_range", ENOSYS, false},
    entry_info{"mmap", ENOMEM, false},
    entry_info{"munmap", ENOMEM, false},
    entry_info{"madvise", EAGAIN, false},
    entry_info{"poll", ENOMEM, true},
    entry_info{"sigaction", EPERM, false},
    entry_info{"sigprocmask", EPERM, false},
    entry_info{"sigaltstack", ENOMEM, false},
    entry_info{"setrlimit", EPERM, false},
    entry_info{"setpriority", EACCES, false},
    entry_info{"chdir", EACCES, false},
    entry_info{"execve", ENOMEM, false},
    entry_info{"clone_sibling", EAGAIN, false},
    entry_info{"socketpair", EMFILE, false},
    entry_info{"setsockopt", EPERM, false},
    entry_info{"sendmsg", ENOBUFS, true},
    entry_info{"recvmsg", ENOMEM, true},
    entry_info{"shutdown", ENOTCONN, false},
    entry_info{"ftruncate", ENOSPC, true},
    entry_info{"map_file", ENOMEM, false},
    entry_info{"getrandom", ENOSYS, true},
    entry_info{"prctl", EPERM, false},
    entry_info{"capset", EPERM, false},
    entry_info{"setresuid", EPERM, false},
    entry_info{"setresgid", EPERM, false},
    entry_info{"setgroups", EPERM, false},
    entry_info{"unshare", EPERM, false},
    entry_info{"setns", EPERM, false},
    entry_info{"landlock_create_ruleset", EMFILE, false},
    entry_info{"landlock_add_rule", ENOMEM, false},
    entry_info{"landlock_restrict_self", E2BIG, false},
    entry_info{"seccomp", ENOMEM, false},
    entry_info{"mprotect", ENOMEM, false},
    entry_info{"query_map", ENOTTY, false},
    entry_info{"getdents", ENOMEM, false},
};
static_assert(sizeof(system_calls) == infos.size() * sizeof(void (*)()));

/// Counters in memory shared by the parent and all its descendants.
struct shared_state {
  std::atomic<unsigned> calls = 0;
  std::atomic<unsigned> injected = 0;
  std::atomic<std::size_t> last = 0;
  std::atomic<std::uint64_t> processes = 0;
};

failure plan;
pid_t parent = 0;
shared_state* shared = nullptr;
system_calls real;
std::array<std::atomic<bool>, infos.size()> interrupted;

/// The calls that have failed in this process, and in those that it is a copy of.
std::atomic<std::uint64_t> failed_here = 0;

/// A failure of these leaves what the caller can do nothing about.
constexpr std::array spared = {"kill",   "pidfd_send_signal", "waitid", "wait4",
                               "munmap", "madvise",           "setpgid"};

/// Neighbours give unrelated results.
constexpr std::uint64_t scrambled(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

/// The calls of this process so far. A copy of the process begins anew.
std::atomic<pid_t> counted = 0;
std::atomic<std::uint64_t> index_of_process = 0;
std::atomic<std::uint64_t> calls_of_process = 0;

std::uint64_t number_of_call() {
  pid_t const self = ::getpid();
  if (counted.exchange(self) != self) {
    index_of_process = shared->processes++;
    calls_of_process = 0;
  }
  return scrambled(scrambled(plan.seed) + index_of_process) + ++calls_of_process;
}

bool is_spared(std::string_view name) {
  return std::find(spared.begin(), spared.end(), name) != spared.end();
}

bool fails_at_random(std::size_t entry) {
  return !is_spared(infos[entry].name) && scrambled(number_of_call()) % plan.nth == 0;
}

/// Whether a list of names has one, or has none at all.
bool has_name(std::string_view list, std::string_view one) {
  if (list.empty()) return true;
  while (!list.empty()) {
    auto const end = std::min(list.find(' '), list.size());
    if (list.substr(0, end) == one) return true;
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return false;
}

bool is_to_fail(std::size_t entry) {
  if (!has_name(plan.entry, infos[entry].name)) return false;
  if (plan.how == failure::mode::interrupted)
    return infos[entry].interruptible && !interrupted[entry].exchange(!interrupted[entry]);
  if (plan.how == failure::mode::at_random) return fails_at_random(entry);
  if ((::getpid() == parent) != (plan.where == side::parent)) return false;
  return ++shared->calls == plan.nth || plan.how == failure::mode::every;
}

int fail(std::size_t entry) {
  shared->last = entry;
  ++shared->injected;
  ++failed_here;
  return plan.how == failure::mode::interrupted ? EINTR : infos[entry].error;
}

template <std::size_t Entry, auto Member>
struct wrapper;

template <std::size_t Entry, class Result, class... Arguments,
          Result (*system_calls::*Member)(Arguments...)>
struct wrapper<Entry, Member> {
  static Result call(Arguments... arguments) {
    if (!is_to_fail(Entry)) return (real.*Member)(arguments...);
    if constexpr (infos[Entry].name == "close") (real.*Member)(arguments...);
    errno = fail(Entry);
    if constexpr (std::is_pointer_v<Result>)
      return MAP_FAILED;
    else
      return -1;
  }
};

template <auto... Members>
struct members {
  template <std::size_t... Entries>
  static void replace(system_calls& table, std::index_sequence<Entries...>) {
    ((table.*Members = wrapper<Entries, Members>::call), ...);
  }
  static void replace(system_calls& table) {
    replace(table, std::make_index_sequence<sizeof...(Members)>{});
  }
  static_assert(sizeof...(Members) == infos.size());
};

void replace_all(system_calls& table) {
  using calls = system_calls;
  members<&calls::fork, &calls::setpgid, &calls::tcsetpgrp, &calls::kill, &calls::waitid,
          &calls::wait4, &calls::pidfd_open, &calls::pidfd_send_signal, &calls::pipe, &calls::open,
          &calls::close, &calls::dup2, &calls::fcntl, &calls::fstat, &calls::fchmod, &calls::write,
          &calls::lseek, &calls::temporary_file, &calls::close_range, &calls::mmap, &calls::munmap,
          &calls::madvise, &calls::poll, &calls::sigaction, &calls::sigprocmask,
          &calls::sigaltstack, &calls::setrlimit, &calls::setpriority, &calls::chdir,
          &calls::execve, &calls::clone_sibling, &calls::socketpair, &calls::setsockopt,
          &calls::sendmsg, &calls::recvmsg, &calls::shutdown, &calls::ftruncate, &calls::map_file,
          &calls::getrandom, &calls::prctl, &calls::capset, &calls::setresuid, &calls::setresgid,
          &calls::setgroups, &calls::unshare, &calls::setns, &calls::landlock_create_ruleset,
          &calls::landlock_add_rule, &calls::landlock_restrict_self, &calls::seccomp,
          &calls::mprotect, &calls::query_map, &calls::getdents>::replace(table);
}

}  // namespace

fail_calls::fail_calls(const failure& what) : before_{posix::sys} {
  if (shared != nullptr) throw std::logic_error{"failures do not nest"};
  void* const memory = ::mmap(nullptr, sizeof(shared_state), PROT_READ | PROT_WRITE,
                              MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc{};
  shared = new (memory) shared_state;
  keep_in_sandboxes(shared, sizeof(shared_state));
  plan = what;
  parent = ::getpid();
  real = before_;
  for (auto& flag : interrupted) flag = false;
  counted = 0;
  failed_here = 0;
  replace_all(posix::sys);
}

fail_calls::~fail_calls() {
  posix::sys = before_;
  keep_in_sandboxes(shared, 0);
  ::munmap(shared, sizeof(shared_state));
  shared = nullptr;
}

/// A process may be killed after it has counted its call and before it has recorded the failure.
bool fail_calls::injected() const {
  return shared->injected != 0 ||
         (plan.nth != 0 && plan.how == failure::mode::nth && shared->calls >= plan.nth);
}

std::uint64_t fail_calls::count() { return failed_here; }

std::string fail_calls::entry() const {
  return injected() ? std::string{infos[shared->last].name} : "none";
}

int fail_calls::error() const { return injected() ? infos[shared->last].error : 0; }

std::vector<std::string_view> fail_calls::entries() {
  std::vector<std::string_view> names;
  for (auto const& info : infos) names.push_back(info.name);
  return names;
}

std::vector<int> fail_calls::errors_at_random() {
  std::vector<int> errors;
  for (auto const& info : infos)
    if (!is_spared(info.name)) errors.push_back(info.error);
  return errors;
}

}  // namespace isolatte::inline v0_1::test
