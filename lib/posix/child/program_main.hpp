// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_CHILD_PROGRAM_MAIN_HPP
#define ISOLATTE_LIB_POSIX_CHILD_PROGRAM_MAIN_HPP

#include "logic/invocation.hpp"
#include "posix/child/child_plan.hpp"

#include <string>
#include <vector>

namespace isolatte::inline v0_1::posix {

/// The plan by which a child becomes another program, worked out before the fork.
struct exec_plan {
  logic::invocation invocation;
  /// Empty: stays where it is.
  std::string start_dir;
  /// The invocation's variables, null-terminated. They point into the invocation.
  std::vector<const char*> variables;
};

/// All that a child which becomes a program does as a copy of its parent, from the fork to exec.
/// Entered with all signals blocked. Async-signal-safe on Linux.
[[noreturn]] void program_main(const child_plan& plan, const exec_plan& program,
                               const char* const* arguments, const char* const* variables) noexcept;

}  // namespace isolatte::inline v0_1::posix

#endif
