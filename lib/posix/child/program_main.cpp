// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/child/program_main.hpp"

#include "posix/child/child_setup.hpp"
#include "posix/child/contained_child.hpp"
#include "posix/child/enter_sandbox.hpp"
#include "posix/system_calls.hpp"

#include <cerrno>

#include <fcntl.h>

// Async-signal-safe throughout: a lock that another thread of the parent held at the fork is never
// released here.

namespace isolatte::inline v0_1::posix {

namespace {

/// Moves the leash out of the numbers that shell scripts take for themselves: they would close it.
/// If it cannot be moved it stays where it is.
/// @return its number
int lift_leash(const child_plan& plan) noexcept {
  constexpr int beyond_scripts = 100;
  if (plan.leash == -1) return -1;
  int const lifted = sys.fcntl(plan.leash, F_DUPFD, beyond_scripts);
  if (lifted == -1) return plan.leash;
  sys.close(plan.leash);
  return lifted;
}

/// Has what the user keeps stay open beyond exec, and inherited streams, however they are marked.
bool keep_beyond_exec(const child_plan& plan) noexcept {
  for (int const fd : plan.keep)
    if (sys.fcntl(fd, F_SETFD, 0) == -1) return false;
  for (int fd = 0; fd != 3; ++fd)
    // A stream may be closed in the parent, too.
    if (plan.standard[fd] == -1 && sys.fcntl(fd, F_SETFD, 0) == -1 && errno != EBADF) return false;
  return true;
}

/// Whether the next entry of PATH is tried after this error: the file is not there, or its folder
/// cannot be looked into (ESTALE, ENODEV and ETIMEDOUT come from a dead network folder).
bool is_passed_over(int error) noexcept {
  for (int const each : {EACCES, ENOENT, ENOTDIR, ENAMETOOLONG, ELOOP, ESTALE, ENODEV, ETIMEDOUT})
    if (error == each) return true;
  return false;
}

/// Returns only if no file can be executed, with the reason in errno.
void execute(const logic::invocation& what, const char* const* arguments,
             const char* const* variables) noexcept {
  bool refused = false;
  for (auto const& path : what.paths) {
    sys.execve(path.c_str(), const_cast<char* const*>(arguments),
               const_cast<char* const*>(variables));
    if (!what.searched) return;
    refused |= errno == EACCES;
    if (!is_passed_over(errno)) return;
  }
  errno = refused ? EACCES : ENOENT;
}

}  // namespace

void program_main(const child_plan& plan, const exec_plan& program, const char* const* arguments,
                  const char* const* variables) noexcept {
  enter_process_namespace(plan);
  setup_step failed = prepare_child(plan);
  if (failed == setup_step::none && !keep_beyond_exec(plan))
    failed = setup_step::closing_descriptors;
  if (failed == setup_step::none && !program.start_dir.empty() &&
      sys.chdir(program.start_dir.c_str()) == -1)
    failed = setup_step::start_dir;
  if (failed == setup_step::none) {
    await_adoption(plan);
    int const leash = lift_leash(plan);
    if (plan.sandbox) failed = enter_sandbox(*plan.sandbox, leash, plan.page);
  }
  if (failed == setup_step::none) {
    plan.page->stage = logic::child_stage::running;
    execute(program.invocation, arguments, variables);
    failed = setup_step::exec;
  }
  give_up(*plan.page, failed, errno);
}

}  // namespace isolatte::inline v0_1::posix
