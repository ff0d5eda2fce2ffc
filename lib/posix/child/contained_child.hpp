// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_CHILD_CONTAINED_CHILD_HPP
#define ISOLATTE_LIB_POSIX_CHILD_CONTAINED_CHILD_HPP

#include "posix/child/child_plan.hpp"

namespace isolatte::inline v0_1::posix {

// A child in a PID namespace of its own is not that namespace's first process: such a one has no
// default actions of signals, so abort() and SIGTERM would not end it. The process that is forked,
// the helper, makes the namespace, its first process (the keeper) and the child, as a child of the
// program's, and ends. The kernel ends all processes of a namespace with the keeper. The keeper
// ends when the child does, or the program.

/// Goes on in the child if the plan has such a namespace, and does nothing otherwise. The helper
/// ends here. Async-signal-safe. Entered with all signals blocked.
void enter_process_namespace(const child_plan& plan) noexcept;

/// Waits in the child until the program has adopted it. Until then the program reads the child's
/// number from the page, which code that is not trusted could change.
void await_adoption(const child_plan& plan) noexcept;

/// Waits, in the program, for the helper to end.
/// @return the child's number, with the helper reaped; or the helper's number if there is no child:
/// then the page says why
int await_helper(int helper, const child_page& page) noexcept;
/// Lets the child go on.
void confirm_adoption(const child_page& page) noexcept;

}  // namespace isolatte::inline v0_1::posix

#endif
