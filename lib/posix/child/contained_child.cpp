// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/child/contained_child.hpp"

#include "confine/namespaces.hpp"
#include "posix/child/child_setup.hpp"
#include "posix/child/enter_sandbox.hpp"
#include "posix/system_calls.hpp"

#include <cerrno>
#include <limits>
#include <utility>

#if defined(__linux__)
#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#endif
#include <time.h>
#include <unistd.h>

// Async-signal-safe throughout: runs between fork and exec in a copy of a program with threads.

namespace isolatte::inline v0_1::posix {

#if defined(__linux__)

namespace {

/// The number of the second process of a namespace, in the namespace.
constexpr pid_t child_inside = 2;

int* word_of(std::atomic<int>& value) noexcept { return reinterpret_cast<int*>(&value); }

void close_all_but(int first, int second) noexcept {
  if (first > second) std::swap(first, second);
  unsigned from = 0;
  for (int const kept : {first, second}) {
    if (kept == -1) continue;
    if (static_cast<unsigned>(kept) > from) sys.close_range(from, static_cast<unsigned>(kept) - 1);
    from = static_cast<unsigned>(kept) + 1;
  }
  sys.close_range(from, std::numeric_limits<unsigned>::max());
}

/// The first process of the namespace. All signals are blocked in it.
/// @param ready has a byte to read when the child is there, or comes to its end
[[noreturn]] void keep_namespace(int leash, int ready) noexcept {
  close_all_but(leash, ready);
  // Orphans of the namespace become children of this process, and leave no zombies.
  struct sigaction ignore{};
  ignore.sa_handler = SIG_IGN;
  sys.sigaction(SIGCHLD, &ignore, nullptr);
  char byte = 0;
  if (retry([&] { return ::read(ready, &byte, 1); }) != 1) ::_exit(1);
  int const child = sys.pidfd_open(child_inside);
  if (child == -1) ::_exit(1);
  struct pollfd ends[] = {{child, POLLIN, 0}, {leash, POLLIN, 0}};
  nfds_t const count = leash == -1 ? 1 : 2;
  for (;;) {
    int const happened = retry([&] { return sys.poll(ends, count, -1); });
    if (happened == -1 || ends[0].revents != 0 || (count == 2 && (ends[1].revents & POLLHUP) != 0))
      ::_exit(0);
  }
}

bool make_processes(const child_plan& plan) noexcept {
  int ready[2];
  if (sys.pipe(ready) == -1) return false;
  // The keeper's group is the helper's number, by which the program can find it.
  pid_t const group = ::getpgrp();
  if (sys.setpgid(0, 0) == -1) return false;
  auto const keeper = static_cast<pid_t>(::syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
  if (keeper == -1) return false;
  if (keeper == 0) {
    sys.close(ready[1]);
    keep_namespace(plan.leash, ready[0]);
  }
  sys.setpgid(0, group);
  pid_t const child = sys.clone_sibling(&plan.page->pid);
  if (child == -1) {
    // The end of the pipe ends the keeper, too.
    plan.page->pid = 0;
    return false;
  }
  if (child == 0) {
    sys.close(ready[0]);
    sys.close(ready[1]);
    return true;
  }
  char const byte = 0;
  sys.write(ready[1], &byte, 1);
  ::_exit(0);
}

}  // namespace

void enter_process_namespace(const child_plan& plan) noexcept {
  if (plan.sandbox == nullptr || !plan.sandbox->process_namespace) return;
  plan.page->helper = ::getpid();
  bool with_user = false;
  // Without privileges a namespace of users has to be entered first, and cannot be left for
  // another.
  if (!join_namespaces(*plan.sandbox) || !confine::enter_new_namespaces(CLONE_NEWPID, with_user) ||
      !make_processes(plan))
    give_up(*plan.page, setup_step::namespaces, errno);
}

void await_adoption(const child_plan& plan) noexcept {
  if (plan.sandbox == nullptr || !plan.sandbox->process_namespace) return;
  // Without a leash only the parent tells that the program has ended.
  struct timespec const look_again{0, 100'000'000};
  constexpr int most_looks = 300;
  auto& adopted = plan.page->adopted;
  for (int i = 0; adopted == 0; ++i) {
    ::syscall(SYS_futex, word_of(adopted), FUTEX_WAIT, 0, &look_again, nullptr, 0);
    // The parent is in another namespace, so it has no number here, unless it has ended.
    if (::getppid() != 0) ::_exit(1);
    // The helper was lost together with its fork server.
    if (i == most_looks) give_up(*plan.page, setup_step::namespaces, ETIMEDOUT);
  }
}

int await_helper(int helper, const child_page& page) noexcept {
  siginfo_t info{};
  // An error means that no one can wait for it: it has ended.
  retry([&] {
    return sys.waitid(P_PID, static_cast<id_t>(helper), &info, WEXITED | WNOWAIT, nullptr);
  });
  int const child = page.pid();
  if (child == 0 || child == helper) return helper;
  retry([&] { return sys.wait4(helper, nullptr, 0, nullptr); });
  return child;
}

void confirm_adoption(const child_page& page) noexcept {
  auto& adopted = page.data()->adopted;
  adopted = 1;
  ::syscall(SYS_futex, word_of(adopted), FUTEX_WAKE, 1, nullptr, nullptr, 0);
}

#else

void enter_process_namespace(const child_plan&) noexcept {}
void await_adoption(const child_plan&) noexcept {}
int await_helper(int helper, const child_page&) noexcept { return helper; }
void confirm_adoption(const child_page&) noexcept {}

#endif

}  // namespace isolatte::inline v0_1::posix
