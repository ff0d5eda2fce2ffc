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

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace isolatte::inline v0_1::confine {

/// A ruleset and a filter. A child with several layers may do what all of them allow.
struct sandbox_layer {
  /// The rights to which Landlock restricts the child, or none.
  posix::descriptor ruleset;
  /// Null: no filter. Children share it with the program until they replace what its marks name, in
  /// their own copies of its memory.
  std::shared_ptr<filter> calls;
};

/// The way in which a process enters a sandbox.
enum class sandbox_role {
  /// Whole, by itself.
  alone,
  /// A template does what its children inherit.
  of_template,
  /// Such a child does the rest.
  inherited,
};

/// The steps by which a child enters its sandbox, worked out before the fork so that the child
/// allocates nothing.
struct sandbox_plan {
  sandbox_role role = sandbox_role::alone;
  /// The namespaces to join, each -1 if there is none.
  network_namespaces join;
  bool process_namespace = false;
  std::vector<sandbox_layer> layers;
  /// In a template: the number that the leash of each child gets, which nothing else may have. The
  /// ruleset of the first layer is kept for them.
  int leash_number = -1;
  /// The shared memory that the child keeps, ascending.
  std::vector<memory_range> kept;
  /// The list of the child's memory, which the child opens; none if it keeps all of it.
  posix::descriptor memory_map;
  /// Whether the child can open files.
  bool has_files = false;
  /// Whether the child can change the permissions of what it has open.
  bool sets_attributes = false;
  std::vector<std::string> gaps;
};

/// The child that a sandbox is for.
enum class confined { callable, worker, program };

/// Plans the sandbox of the options, which have one.
/// @param ends_tree whether the end of the child ends the processes that it leaves, too
/// @param why becomes the error, with the gaps if it is `sandbox_unsupported`
sandbox_plan plan_sandbox(const options& opts, confined what, bool ends_tree, detail::refusal& why);

/// Adds the sandbox that a child is to enter besides.
void add(sandbox_plan& plan, sandbox_plan&& inner);

/// A sandbox that a template enters for its children.
class inheritable_sandbox {
 public:
  /// @return nothing if the children have to enter the sandbox by themselves: if it has namespaces
  /// that a process enters on its own, or the kernel's Landlock does not cover signals
  static std::optional<inheritable_sandbox> plan(const sandbox& box, detail::refusal& why);

  /// The template's part, with the ruleset that each child restricts itself by.
  sandbox_plan of_template(boost::system::error_code& ec) const;
  /// A child's part.
  /// @param opts those of the child; their own sandbox is not part of it
  sandbox_plan of_child(const options& opts, bool ends_tree, detail::refusal& why) const;
  bool sets_attributes() const noexcept { return whole_.sets_attributes; }

 private:
  explicit inheritable_sandbox(sandbox_plan&& whole) : whole_{std::move(whole)} {}

  sandbox_plan whole_;
  bool strict_ = true;
  bool has_processes_ = false;
  bool limits_processes_ = false;
};

}  // namespace isolatte::inline v0_1::confine

#endif
