// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_CHILD_CHILD_SETUP_HPP
#define ISOLATTE_LIB_POSIX_CHILD_CHILD_SETUP_HPP

#include "posix/child/child_plan.hpp"

namespace isolatte::posix {

/// In the child: turns the copy of the parent into a process of its own, as planned.
/// @return the step that failed, with errno, or none
setup_step prepare_child(const child_plan& plan) noexcept;

/// In the child: tells the parent which step failed, with errno, and ends.
[[noreturn]] void give_up(const child_plan& plan, setup_step failed) noexcept;

}  // namespace isolatte::posix

#endif
