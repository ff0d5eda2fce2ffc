// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "leftovers.hpp"

#include "phases.hpp"
#include "process_names.hpp"
#include "processes.hpp"
#include "support/sanitizers.hpp"
#include "work.hpp"

#include <isolatte/fork.hpp>
#include <isolatte/sandbox.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <iterator>
#include <stdexcept>
#include <thread>

#include <malloc.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace soak {

namespace {

/// Memory that rounds may come to need: buffers, arenas of the C library, tables.
constexpr std::size_t most_growth = std::size_t{64} << 20;
/// The same for what malloc() has given.
constexpr std::size_t most_allocated_growth = std::size_t{4} << 20;
/// The children that a job of act::nest may have had when it was killed.
constexpr std::uint64_t most_nested = 3;
/// The rounds after which a program has what it needs.
constexpr std::uint64_t warm_up = cycle;

/// @return whether there was something to reap
bool reap(int pid, int flags) {
  for (;;) {
    pid_t const reaped = ::waitpid(pid, nullptr, flags);
    if (reaped != -1 || errno != EINTR) return reaped == pid;
  }
}

/// Reaps the processes that the library leaves to the program: those that jobs have let out of
/// their groups, which are ended first, and the children of jobs that used the library when they
/// were killed. The group of a job that another part of the program has reaped is left, too: its
/// number may be that of another group by then.
/// @return how many of the latter there were
std::uint64_t reap_adopted(const incidents& seen) {
  std::uint64_t nested = 0;
  for (int const pid : children()) {
    std::string const name = name_of_process(pid);
    if (name == escaped_name || seen.was_reaped(::getpgid(pid))) {
      ::kill(pid, SIGKILL);
      reap(pid, 0);
    } else if (name == nested_name) {
      if (reap(pid, WNOHANG)) ++nested;
    }
  }
  return nested;
}

/// A system that does not name children would hide what is left.
void demand_names_of_children() {
  pid_t const pid = ::fork();
  if (pid == 0) {
    ::pause();
    ::_exit(0);
  }
  auto const all = children();
  bool const is_named = std::find(all.begin(), all.end(), pid) != all.end();
  ::kill(pid, SIGKILL);
  reap(pid, 0);
  if (!is_named) throw std::runtime_error{"/proc does not name the children of this process"};
}

}  // namespace

leftovers::leftovers(ledger& book) : book_{book} {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  demand_names_of_children();
  // The leash of all children, and the namespaces that sandboxes share, stay open.
  static_cast<void>(isolatte::fork([] {}));
  static_cast<void>(isolatte::sandbox_support().gaps({.isolate = {.network = true}}));
  descriptors_ = open_descriptors();
  threads_ = threads_of_program();
}

void leftovers::check(std::uint64_t round, const incidents& seen) {
  std::string const when = " after round " + std::to_string(round);
  check_children(when, seen);
  book_.forget_processes();
  check_descriptors(when);
  check_threads(when);
  check_memory(round);
}

void leftovers::check_children(const std::string& when, const incidents& seen) {
  using clock = std::chrono::steady_clock;
  auto const deadline = clock::now() + std::chrono::seconds{20};
  // A process that a killed one has left is adopted a moment after its parent's end can be seen.
  for (int tries = 0;; ++tries) {
    nested_ += reap_adopted(seen);
    // A child that has not died within a moment of its kill is reaped when the next one is made.
    if (tries % 100 == 0) static_cast<void>(isolatte::fork([] {}));
    auto const left = children();
    if (left.empty()) break;
    if (clock::now() > deadline) {
      for (int const pid : left) {
        book_.fail("a process is left" + when + ": " + describe_process(pid) + ", of " +
                   book_.owner_of(pid));
        ::kill(pid, SIGKILL);
        reap(pid, 0);
      }
      break;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
  if (has_children()) book_.fail("a process is left" + when + " that /proc does not name");
  if (nested_ > most_nested * book_.cut_nests())
    book_.fail("children of jobs are left" + when + " that were not killed");
}

void leftovers::check_descriptors(const std::string& when) {
  auto const now = open_descriptors();
  std::vector<std::string> more;
  std::set_difference(now.begin(), now.end(), descriptors_.begin(), descriptors_.end(),
                      std::back_inserter(more));
  for (auto const& each : more) book_.fail("a descriptor is left" + when + ": " + each);
  std::vector<std::string> less;
  std::set_difference(descriptors_.begin(), descriptors_.end(), now.begin(), now.end(),
                      std::back_inserter(less));
  for (auto const& each : less) book_.fail("a descriptor is gone" + when + ": " + each);
  descriptors_ = now;
}

void leftovers::check_threads(const std::string& when) {
  std::size_t const now = threads_of_program();
  // ThreadSanitizer starts one of its own at some time.
  if (now > threads_ + (isolatte::test::with_tsan ? 1 : 0))
    book_.fail(std::to_string(now) + " threads" + when + ", and " + std::to_string(threads_) +
               " before");
}

void leftovers::check_memory(std::uint64_t round) {
  ::malloc_trim(0);
  resident_ = resident_bytes();
  struct mallinfo2 const heap = ::mallinfo2();
  allocated_ = heap.uordblks + heap.hblkhd;
  if (!isolatte::test::malloc_refuses) return;
  check_growth(round, "resident", resident_, most_resident_, most_growth);
  check_growth(round, "allocated", allocated_, most_allocated_, most_allocated_growth);
}

/// @param most the most that there was while the program became warm
void leftovers::check_growth(std::uint64_t round, const char* of_what, std::size_t now,
                             std::size_t& most, std::size_t may_grow) {
  if (round < warm_up || most == 0) {
    most = std::max(most, now);
  } else if (now > most + may_grow) {
    book_.fail("after round " + std::to_string(round) + " the program has " +
               std::to_string(now >> 10) + " KiB " + of_what + ", and at most " +
               std::to_string(most >> 10) + " KiB when it was warm");
    most = now;
  }
}

}  // namespace soak
