// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/child/child_setup.hpp"

#include "posix/child/arm_leash.hpp"
#include "posix/child/child_exit.hpp"
#include "posix/child/child_stdio.hpp"
#include "posix/child/enter_sandbox.hpp"
#include "posix/child/fault_handler.hpp"
#include "posix/child/limits.hpp"
#include "posix/child/preload.hpp"
#include "posix/process_registry.hpp"
#include "posix/shared_page.hpp"
#include "posix/system_calls.hpp"
#include "posix/this_process.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <limits>
#include <span>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#if defined(__linux__)
#include <sched.h>
#endif
#include <sys/stat.h>
#include <unistd.h>

// For a child that becomes a program, all of this is async-signal-safe on Linux: a lock that
// another thread of the parent held at the fork is never released here. For a callable,
// discard_parents_buffers() and hook_exit() come last. They are not async-signal-safe, and neither
// is the callable. Without close_range(), as on other systems, closing needs opendir(), which
// allocates: the C library makes its allocator usable in a child.

namespace isolatte::inline v0_1::posix {

namespace {

bool set_standard_streams(const child_plan& plan) noexcept {
  for (int fd = 0; fd != 3; ++fd) {
    int const from = plan.standard[fd];
    if (from != -1 && retry([&] { return sys.dup2(from, fd); }) == -1) return false;
  }
  for (auto const& move : plan.moved)
    if (retry([&] { return sys.dup2(move.first, move.second); }) == -1) return false;
  return plan.leash_before == -1 ||
         retry([&] { return sys.dup2(plan.leash_before, plan.leash); }) != -1;
}

/// Closes [first, last] with what every POSIX system has.
bool close_one_by_one(int first, int last) noexcept {
  if (DIR* const open = ::opendir("/dev/fd")) {
    // Closing while reading may make the directory skip entries, so it is read until nothing is
    // left.
    for (bool clean = false; !clean;) {
      clean = true;
      ::rewinddir(open);
      while (auto const* const entry = ::readdir(open)) {
        int fd = -1;
        char const* const end = entry->d_name + std::strlen(entry->d_name);
        if (std::from_chars(entry->d_name, end, fd).ptr != end) continue;
        if (fd < first || fd > last || fd == ::dirfd(open)) continue;
        // EBADF: it is the leash of a sandbox around this one, which nothing can close.
        if (sys.close(fd) == 0 || errno != EBADF) clean = false;
      }
    }
    ::closedir(open);
    return true;
  }
  long const limit = ::sysconf(_SC_OPEN_MAX);
  if (limit == -1) return false;
  for (int fd = first; fd <= last && fd < limit; ++fd) sys.close(fd);
  return true;
}

bool close_between(int first, int last) noexcept {
  if (first > last) return true;
  if (sys.close_range(static_cast<unsigned>(first), static_cast<unsigned>(last)) == 0) return true;
  return close_one_by_one(first, last);
}

bool close_inherited(const child_plan& plan) noexcept {
  if (plan.keep_all) {
    // Descriptors that were opened for this child's streams alone are not the user's to keep.
    for (int const fd : plan.standard)
      if (fd != -1 && !std::binary_search(plan.keep.begin(), plan.keep.end(), fd)) sys.close(fd);
    return true;
  }
  return close_others({plan.keep.begin(), plan.keep.end()}, 3);
}

bool reset_signals() noexcept {
  struct sigaction fresh{};
  fresh.sa_handler = SIG_DFL;
  int const last = SIGRTMAX;
  // The C library keeps the real-time signals before this one for itself.
  int const first_real_time = SIGRTMIN;
  constexpr int first_of_kernel = 32;
  for (int signal = 1; signal <= last; ++signal) {
    if (signal == SIGKILL || signal == SIGSTOP) continue;
    if (signal >= first_of_kernel && signal < first_real_time) continue;
    // EINVAL: there is no such signal.
    if (sys.sigaction(signal, &fresh, nullptr) == -1 && errno != EINVAL) return false;
  }
  return true;
}

bool set_terminal_stops(bool ignored) noexcept {
  struct sigaction action{};
  action.sa_handler = ignored ? SIG_IGN : SIG_DFL;
  return sys.sigaction(SIGTTIN, &action, nullptr) == 0 &&
         sys.sigaction(SIGTTOU, &action, nullptr) == 0;
}

/// Has the child's group be the foreground of its terminal, in the place of the program's.
bool take_terminal(const child_plan& plan) noexcept {
  // If the program is in the background by now, the terminal is another job's.
  if (plan.foreground == 0 || foreground_group(0) != plan.foreground) return true;
  // SIGTTOU, which stops background processes that do this, is blocked.
  return sys.tcsetpgrp(0, own_group()) == 0;
}

/// Undoes what the template has done for the processes that its preload has left.
bool await_own_children() noexcept {
  struct sigaction fresh{};
  fresh.sa_handler = SIG_DFL;
  return sys.sigaction(SIGCHLD, &fresh, nullptr) == 0;
}

bool unblock_signals() noexcept {
  sigset_t none;
  sigemptyset(&none);
  return sys.sigprocmask(SIG_SETMASK, &none, nullptr) == 0;
}

/// The plan of a sandbox that the callable is still to enter.
const child_plan* deferred = nullptr;

confinement confined = confinement::none;

/// Counts by the links of /proc/self/task, one for each thread besides its own two.
/// @return 0, with errno, if the folder cannot be looked at
std::size_t count_threads() noexcept {
#if defined(__linux__)
  struct stat threads{};
  descriptor const folder{retry([] { return sys.open("/proc/self/task", O_PATH | O_CLOEXEC, 0); })};
  if (!folder || sys.fstat(folder.get(), &threads) == -1) return 0;
  return threads.st_nlink - 2;
#else
  return 0;
#endif
}

/// Whether this thread is the only one. A sandbox binds the thread that enters it, and handlers of
/// pthread_atfork() may have begun others.
bool has_one_thread() noexcept {
#if defined(__linux__)
  // A process with more threads may not do this, and for one with a single thread it does nothing.
  // A sandbox around this one forbids the call.
  if (confined == confinement::none) {
    if (sys.unshare(CLONE_THREAD) == 0) return true;
    if (errno == EINVAL) errno = EBUSY;
    if (errno != EPERM && errno != ENOSYS) return false;
  }
#endif
  // The filter of a container may refuse the call, too.
  std::size_t const threads = count_threads();
  if (threads > 1) errno = EBUSY;
  return threads == 1;
}

setup_step enter(const child_plan& plan) noexcept {
  // The only thread of a template has made such a child.
  if (plan.sandbox->role != confine::sandbox_role::inherited && !has_one_thread())
    return setup_step::one_thread;
  auto const failed = enter_sandbox(*plan.sandbox, plan.leash, plan.page);
  if (plan.sandbox->role == confine::sandbox_role::of_template) return failed;
  if (plan.sandbox->process_namespace)
    confined = confinement::by_namespace;
  else if (plan.lead_group)
    confined = confinement::by_group;
  else if (confined == confinement::none)
    confined = confinement::alone;
  return failed;
}

}  // namespace

bool close_others(std::span<const int> kept, int first) noexcept {
  for (int const each : kept) {
    if (!close_between(first, each - 1)) return false;
    first = each + 1;
  }
  return close_between(first, std::numeric_limits<int>::max());
}

confinement own_confinement() noexcept { return confined; }

std::size_t number_of_threads() noexcept { return std::max(count_threads(), std::size_t{1}); }

setup_step prepare_child(const child_plan& plan) noexcept {
  // Without this the child's own children could write to the page in its name.
  if (!hide_from_children(plan.page, sizeof *plan.page)) return setup_step::page;
  // The program does the same, so that neither depends on the other being first.
  if (plan.lead_group && sys.setpgid(0, 0) == -1) return setup_step::process_group;
  // EPERM: the program is in another session since it made the template. No group of that session
  // can be joined, so the child stays in the template's.
  if (plan.group != 0 && sys.setpgid(0, plan.group) == -1 && errno != EPERM)
    return setup_step::process_group;
  if (!plan.of_template && !reset_signals()) return setup_step::signals;
  // Asked here and not in the program, which makes many children one after the other.
  bool const ignores_stops = plan.ignore_terminal_stops && (plan.of_template || has_terminal());
  if ((plan.of_template || ignores_stops) && !set_terminal_stops(ignores_stops))
    return setup_step::signals;
  if (plan.of_template && reaps_left_processes() && !await_own_children())
    return setup_step::signals;
  if (!set_standard_streams(plan)) return setup_step::standard_streams;
  if (!take_terminal(plan)) return setup_step::process_group;
  if (plan.leash != -1 && !arm_leash(plan.leash, plan.lead_group)) return setup_step::leash;
  if (!close_inherited(plan)) return setup_step::closing_descriptors;
  bool const confines_callable = plan.sandbox && plan.kind == child_kind::callable;
  if (confines_callable && !prepare_sandbox(*plan.sandbox)) return setup_step::shared_memory;
  // Before the limits, which are not to be raised by rights that the program does not have any
  // more.
  if (plan.as && !take_on(*plan.as)) return setup_step::credentials;
  if (!apply_limits(plan.limits)) return setup_step::limits;
  // A template has done it for its children.
  bool const may_have_core = plan.sandbox && plan.sandbox->role != confine::sandbox_role::inherited;
  if (may_have_core && !plan.limits.core_size && !forbid_cores()) return setup_step::limits;
  if (plan.report_faults && !install_fault_handler(*plan.page)) return setup_step::fault_report;
  if (plan.kind == child_kind::callable) {
    if (!plan.of_template)
      discard_parents_buffers(
          {plan.standard[0] != -1, plan.standard[1] != -1, plan.standard[2] != -1});
    if (!hook_exit(*plan.page)) return setup_step::exit_hook;
  }
  // A program has more to do before.
  if (confines_callable) {
    if (!plan.sandbox->has_files) forgo_profile();
    if (plan.defers_sandbox) {
      deferred = &plan;
    } else if (auto const failed = enter(plan); failed != setup_step::none) {
      return failed;
    }
  }
  if (!unblock_signals()) return setup_step::signals;
  return setup_step::none;
}

void enter_deferred_sandbox(std::span<const confine::memory_range> kept) {
  if (deferred == nullptr) return;
  child_plan const& plan = *std::exchange(deferred, nullptr);
  auto const named = confine::kept_memory();
  // The code before may have made children, and have named memory that is to be kept.
  if (plan.sandbox->memory_map && !clear_kept_memory())
    give_up(*plan.page, setup_step::no_operations, EBUSY);
  auto& all = plan.sandbox->kept;
  for (auto const more : {kept, std::span<const confine::memory_range>{named}})
    all.insert(all.end(), more.begin(), more.end());
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.begin < b.begin; });
  auto const failed = enter(plan);
  if (failed != setup_step::none) give_up(*plan.page, failed, errno);
}

void give_up(child_page_data& page, setup_step failed, int error) noexcept {
  page.error = error;
  page.step = failed;
  page.stage = logic::child_stage::setup_failed;
  ::_exit(1);
}

}  // namespace isolatte::inline v0_1::posix
