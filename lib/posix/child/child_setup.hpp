// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_CHILD_CHILD_SETUP_HPP
#define ISOLATTE_LIB_POSIX_CHILD_CHILD_SETUP_HPP

#include "posix/child/child_plan.hpp"

#include <cstddef>
#include <span>

namespace isolatte::inline v0_1::posix {

/// Whether this process is in a sandbox of the library's, and what ends the processes that it makes
/// there. A sandbox within another one has the end of the outer one.
enum class confinement {
  none,
  /// Nothing.
  alone,
  /// The end of its process group, which nothing in the sandbox can leave.
  by_group,
  /// The end of its PID namespace.
  by_namespace,
};
confinement own_confinement() noexcept;

/// The number of this process's threads; 1 if the system does not tell.
std::size_t number_of_threads() noexcept;

/// Closes the descriptors from @p first on.
/// @param kept those that stay open: ascending, and none below @p first
/// @return false with errno if that failed
bool close_others(std::span<const int> kept, int first) noexcept;

/// Turns the copy of the parent into a process of its own, as planned.
/// @return the step that failed, with errno, or none
setup_step prepare_child(const child_plan& plan) noexcept;

/// Enters the sandbox that the plan deferred, if it did; ends the process if that fails. To be
/// called before any code that is not trusted. May allocate.
/// @param kept memory that stays mapped besides
void enter_deferred_sandbox(std::span<const confine::memory_range> kept);

/// Tells the program which step failed and with which errno, and ends the process.
[[noreturn]] void give_up(child_page_data& page, setup_step failed, int error) noexcept;

}  // namespace isolatte::inline v0_1::posix

#endif
