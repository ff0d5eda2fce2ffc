// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_CONFINE_SANDBOX_PLAN_HPP
#define ISOLATTE_LIB_CONFINE_SANDBOX_PLAN_HPP

#include "confine/filter.hpp"
#include "confine/kept_memory.hpp"
#include "confine/trials.hpp"
#include "posix/descriptor.hpp"
#include "vocabulary/errors.hpp"

#include <isolatte/options.hpp>

#include <string>
#include <vector>

namespace isolatte::inline v0_1::confine {

/// The steps by which a child enters its sandbox, worked out before the fork so that the child
/// allocates nothing.
struct sandbox_plan {
  /// The namespaces to join, each -1 if there is none.
  network_namespaces join;
  bool process_namespace = false;
  /// The rights to which Landlock restricts the child, or none.
  posix::descriptor ruleset;
  /// A copy for this child alone, which replaces what the marks name; empty: no filter.
  filter calls;
  /// The shared memory that the child keeps, ascending.
  std::vector<memory_range> kept;
  /// The list of the child's memory, which the child opens; none if it keeps all of it.
  posix::descriptor memory_map;
  /// Whether the child can open files.
  bool has_files = false;
  std::vector<std::string> gaps;
};

/// Whether a child is to run a callable or a program.
enum class confined { callable, program };

/// Plans the sandbox of the options, which have one.
/// @param why becomes the error, with the gaps if it is `sandbox_unsupported`
sandbox_plan plan_sandbox(const options& opts, confined what, detail::refusal& why);

}  // namespace isolatte::inline v0_1::confine

#endif
