// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/child/program_main.hpp"

#include "posix/child/child_setup.hpp"
#include "posix/system_calls.hpp"

#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#if !defined(__linux__)
extern "C" char** environ;
#endif

namespace isolatte::posix {

namespace {

/// Shell scripts take the small numbers for themselves, and would let go of the leash. Where it
/// cannot be moved it stays where it is.
void lift_leash(const child_plan& plan) noexcept {
  constexpr int beyond_scripts = 100;
  if (plan.leash == -1) return;
  if (sys.fcntl(plan.leash, F_DUPFD, beyond_scripts) != -1) sys.close(plan.leash);
}

/// What the user keeps stays open beyond exec, and so do inherited streams, however they are
/// marked.
bool keep_beyond_exec(const child_plan& plan) noexcept {
  for (int const fd : plan.keep)
    if (sys.fcntl(fd, F_SETFD, 0) == -1) return false;
  for (int fd = 0; fd != 3; ++fd)
    // It may be closed in the parent, too.
    if (plan.standard[fd] == -1 && sys.fcntl(fd, F_SETFD, 0) == -1 && errno != EBADF) return false;
  return true;
}

/// Comes back only if none of them can be executed, with the reason in errno.
void execute(const logic::invocation& what, const char* const* arguments,
             const char* const* variables) noexcept {
  bool refused = false;
  for (auto const& path : what.paths) {
    sys.execve(path.c_str(), const_cast<char* const*>(arguments),
               const_cast<char* const*>(variables));
    if (!what.searched) return;
    refused |= errno == EACCES;
    if (errno != EACCES && errno != ENOENT && errno != ENOTDIR) return;
  }
  errno = refused ? EACCES : ENOENT;
}

}  // namespace

const char* const* own_variables() noexcept { return environ; }

std::string default_path() {
  std::size_t const size = ::confstr(_CS_PATH, nullptr, 0);
  if (size == 0) return "/bin:/usr/bin";
  std::string text(size, '\0');
  ::confstr(_CS_PATH, text.data(), size);
  text.resize(size - 1);
  return text;
}

exec_plan make_exec_plan(const program& what) {
  exec_plan plan;
  plan.invocation = logic::invoke(what, own_variables(), default_path());
  plan.start_dir = what.start_dir.native();
  for (auto const& variable : plan.invocation.variables) plan.variables.push_back(variable.c_str());
  plan.variables.push_back(nullptr);
  return plan;
}

void program_main(const child_plan& plan, const exec_plan& program, const char* const* arguments,
                  const char* const* variables) noexcept {
  setup_step failed = prepare_child(plan);
  if (failed == setup_step::none && !keep_beyond_exec(plan))
    failed = setup_step::closing_descriptors;
  if (failed == setup_step::none && !program.start_dir.empty() &&
      sys.chdir(program.start_dir.c_str()) == -1)
    failed = setup_step::start_dir;
  if (failed == setup_step::none) {
    lift_leash(plan);
    plan.page->stage = logic::child_stage::running;
    execute(program.invocation, arguments, variables);
    failed = setup_step::exec;
  }
  give_up(plan, failed);
}

}  // namespace isolatte::posix
