// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/child/enter_sandbox.hpp"

#include "posix/child/unmap_shared.hpp"
#include "posix/system_calls.hpp"

#include <cerrno>

#if defined(__linux__)
#include <sched.h>
#include <sys/prctl.h>
#endif
#include <unistd.h>

// Async-signal-safe throughout: runs between fork and exec in a copy of a program with threads.
//
// The order matters. Namespaces are joined with privileges that are dropped next. Landlock and
// seccomp take no_new_privs in their place. Files in /proc are read before Landlock, and the
// filter comes last: it forbids all that is done here.

namespace isolatte::inline v0_1::posix {

namespace {

#if ISOLATTE_HAS_SANDBOX

bool join(int fd, int type) noexcept { return fd == -1 || sys.setns(fd, type) == 0; }

void replace(confine::filter& calls, const std::vector<std::uint16_t>& marks, int value) noexcept {
  for (auto const mark : marks) calls.instructions[mark].k = static_cast<std::uint32_t>(value);
}

bool load(confine::filter& calls, int leash) noexcept {
  if (calls.instructions.empty()) return true;
  replace(calls, calls.pid_marks, ::getpid());
  // Without a leash the marks name -1, which is no descriptor.
  replace(calls, calls.leash_marks, leash);
  sock_fprog const program{static_cast<unsigned short>(calls.instructions.size()),
                           calls.instructions.data()};
  return sys.seccomp(&program) == 0;
}

#endif

}  // namespace

bool prepare_sandbox(confine::sandbox_plan& plan) noexcept {
  plan.memory_map = open_memory_map();
  return static_cast<bool>(plan.memory_map);
}

#if ISOLATTE_HAS_SANDBOX

bool join_namespaces(confine::sandbox_plan& plan) noexcept {
  auto const all = plan.join;
  if (!join(all.user, CLONE_NEWUSER) || !join(all.network, CLONE_NEWNET) ||
      !join(all.ipc, CLONE_NEWIPC))
    return false;
  for (int const fd : {all.user, all.network, all.ipc})
    if (fd != -1) sys.close(fd);
  plan.join = {};
  return true;
}

setup_step enter_sandbox(confine::sandbox_plan& plan, int leash,
                         const child_page_data* page) noexcept {
  if (plan.memory_map && !unmap_shared(plan.memory_map.get(), plan.kept, page))
    return setup_step::shared_memory;
  plan.memory_map.reset();
  if (!join_namespaces(plan)) return setup_step::namespaces;
  if (sys.drop_capabilities() == -1) return setup_step::capabilities;
  if (sys.prctl(PR_SET_NO_NEW_PRIVS, 1) == -1) return setup_step::privileges;
  if (plan.ruleset) {
    if (sys.landlock_restrict_self(plan.ruleset.get()) == -1) return setup_step::file_access;
    plan.ruleset.reset();
  }
  if (!load(plan.calls, leash)) return setup_step::system_calls;
  return setup_step::none;
}

#else

bool join_namespaces(confine::sandbox_plan&) noexcept { return true; }

setup_step enter_sandbox(confine::sandbox_plan&, int, const child_page_data*) noexcept {
  errno = ENOTSUP;
  return setup_step::system_calls;
}

#endif

}  // namespace isolatte::inline v0_1::posix
