// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_CHILD_CHILD_MAIN_HPP
#define ISOLATTE_LIB_POSIX_CHILD_CHILD_MAIN_HPP

#include "posix/child/child_plan.hpp"

#include <isolatte/detail/task/child_task.hpp>

namespace isolatte::inline v0_1::posix {

/// All that a child with a callable does, from the fork to its end. Entered with all signals
/// blocked.
[[noreturn]] void child_main(detail::child_task& task, const child_plan& plan) noexcept;

}  // namespace isolatte::inline v0_1::posix

#endif
