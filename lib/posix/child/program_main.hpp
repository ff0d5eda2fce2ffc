// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_CHILD_PROGRAM_MAIN_HPP
#define ISOLATTE_LIB_POSIX_CHILD_PROGRAM_MAIN_HPP

#include "logic/invocation.hpp"
#include "posix/child/child_plan.hpp"

#include <string>
#include <vector>

namespace isolatte::posix {

/// The variables of this process, null-terminated.
const char* const* own_variables() noexcept;

/// Where programs are looked up when nothing says where.
std::string default_path();

/// What a child needs to become another program, worked out before the fork.
struct exec_plan {
  logic::invocation invocation;
  /// Empty: stays where it is.
  std::string start_dir;
  /// The invocation's variables, null-terminated.
  std::vector<const char*> variables;
};

exec_plan make_exec_plan(const program& what);

/// All that such a child does, from the fork to its end as a copy of this process. Entered with all
/// signals blocked.
[[noreturn]] void program_main(const child_plan& plan, const exec_plan& program,
                               const char* const* arguments, const char* const* variables) noexcept;

}  // namespace isolatte::posix

#endif
