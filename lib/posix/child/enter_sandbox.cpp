// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/child/enter_sandbox.hpp"

#include "posix/child/fault_handler.hpp"
#include "posix/child/unmap_shared.hpp"
#include "posix/credentials.hpp"
#include "posix/filter_pass.hpp"
#include "posix/system_calls.hpp"

#include <cerrno>
#include <cstdint>
#include <utility>

#include <fcntl.h>
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

int leash_number = -1;
descriptor ruleset;

bool restrict_by(descriptor& rules) noexcept {
  if (!rules) return true;
  if (sys.landlock_restrict_self(rules.get()) == -1) return false;
  rules.reset();
  return true;
}

bool load(confine::filter& calls, int leash) noexcept {
  replace(calls, calls.pid_marks, ::getpid());
  // Without a leash the marks name -1, which is no descriptor.
  replace(calls, calls.leash_marks, leash);
  sock_fprog const program{static_cast<unsigned short>(calls.instructions.size()),
                           calls.instructions.data()};
  return sys.seccomp(&program) == 0;
}

/// Writes the pass into the filter, from memory to memory.
void write_pass(confine::filter& calls) noexcept {
  auto const* const halves = reinterpret_cast<const volatile std::uint32_t*>(&filter_pass::bits);
  int half = 0;
  for (auto const mark : calls.pass_marks) {
    *const_cast<volatile std::uint32_t*>(&calls.instructions[mark].k) = halves[half];
    half = 1 - half;
  }
}

void erase_pass(confine::filter& calls) noexcept {
  for (auto const mark : calls.pass_marks)
    *const_cast<volatile std::uint32_t*>(&calls.instructions[mark].k) = 0;
}

/// Keeps descriptors of the template's own away from a number.
bool occupy(int number) noexcept {
  int const nothing = retry([] { return sys.open("/dev/null", O_RDONLY | O_CLOEXEC, 0); });
  if (nothing == -1) return false;
  bool const done = nothing == number || retry([&] { return sys.dup2(nothing, number); }) != -1;
  int const error = errno;
  if (nothing != number) sys.close(nothing);
  errno = error;
  return done;
}

/// Enters the part of a sandbox that children inherit. Ruleset and capabilities are theirs to
/// restrict and to drop: of a restricted template each child would copy the rules once more.
setup_step enter_for_children(confine::sandbox_plan& plan) noexcept {
  if (!occupy(plan.leash_number)) return setup_step::leash;
  leash_number = plan.leash_number;
  ruleset = std::move(plan.layers.front().ruleset);
  if (!install_violation_handler()) return setup_step::fault_report;
  if (sys.prctl(PR_SET_NO_NEW_PRIVS, 1) == -1) return setup_step::privileges;
  if (!filter_pass::draw()) return setup_step::system_calls;
  for (auto const& layer : plan.layers) {
    if (layer.calls == nullptr) continue;
    write_pass(*layer.calls);
    bool const loaded = load(*layer.calls, plan.leash_number);
    erase_pass(*layer.calls);
    if (!loaded) return setup_step::system_calls;
  }
  return setup_step::none;
}

#endif

}  // namespace

int leash_number_of_children() noexcept {
#if ISOLATTE_HAS_SANDBOX
  return leash_number;
#else
  return -1;
#endif
}

descriptor* ruleset_of_children() noexcept {
#if ISOLATTE_HAS_SANDBOX
  if (ruleset) return &ruleset;
#endif
  return nullptr;
}

bool prepare_sandbox(confine::sandbox_plan& plan) noexcept {
  // The template has unmapped what was shared.
  if (plan.role == confine::sandbox_role::inherited) return true;
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
  if (plan.role == confine::sandbox_role::of_template) return enter_for_children(plan);
  if (!drop_capabilities()) return setup_step::capabilities;
  if (plan.role == confine::sandbox_role::alone && sys.prctl(PR_SET_NO_NEW_PRIVS, 1) == -1)
    return setup_step::privileges;
  if (!restrict_by(ruleset)) return setup_step::file_access;
  for (auto& layer : plan.layers)
    if (!restrict_by(layer.ruleset)) return setup_step::file_access;
  for (auto const& layer : plan.layers)
    if (layer.calls != nullptr && !load(*layer.calls, leash)) return setup_step::system_calls;
  filter_pass::forget();
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
