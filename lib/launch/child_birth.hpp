// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_LAUNCH_CHILD_BIRTH_HPP
#define ISOLATTE_LIB_LAUNCH_CHILD_BIRTH_HPP

#include "confine/sandbox_plan.hpp"
#include "posix/child/child_plan.hpp"
#include "posix/child_ends.hpp"
#include "posix/child_page.hpp"
#include "posix/child_process.hpp"
#include "posix/passed_memory.hpp"
#include "posix/process_registry.hpp"
#include "posix/signals_blocked.hpp"
#include "supervise/operation_memory.hpp"
#include "vocabulary/errors.hpp"

#include <isolatte/options.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace isolatte::inline v0_1::launch {

/// A child that has been forked, and the page that it shares with this process.
struct forked_child {
  std::shared_ptr<posix::child_process> process;
  posix::child_page page;
  /// The promises that its sandbox does not keep.
  std::vector<std::string> gaps{};
};

/// Does what the program does before and after the fork that makes a child:
///
///     child_birth birth{posix::child_kind::callable, ends, opts, std::nullopt, why, room};
///     if (why) return {};
///     int const pid = ...;                // fork; the child prepares itself by birth.plan()
///     return birth.adopt(pid, why.ec);
///
/// The fork has to follow at once: all signals are blocked from the constructor's end until
/// adopt(), or until the object is destroyed.
class child_birth {
 public:
  /// Does everything that can fail. Takes nothing over from `ends`.
  /// @param deferred a sandbox that the task enters itself, in place of the options' one
  /// @param why becomes the error and the step that failed, and then no child may be made
  /// @param room for what belongs to the child's run, or null
  /// @param also a second page that the child is to have, or null
  child_birth(posix::child_kind kind, const posix::child_ends& ends, const options& opts,
              std::optional<confine::sandbox_plan> deferred, detail::refusal& why,
              const std::shared_ptr<supervise::operation_memory>& room,
              const posix::child_page* also = nullptr);
  child_birth(const child_birth&) = delete;
  child_birth& operator=(const child_birth&) = delete;

  /// Has the child be a job of the terminal that its input is: program::foreground.
  void make_job() noexcept;

  /// The plan by which the child is to prepare itself.
  const posix::child_plan& plan() const noexcept { return plan_; }

  /// Takes on the child.
  /// @param pid the child's number; none is there if it is not positive
  /// @param ec is set if the child could not be given its page, and has ended therefore
  forked_child adopt(int pid, boost::system::error_code& ec) noexcept;

 private:
  forked_child child_;
  posix::descriptor leash_;
  std::optional<confine::sandbox_plan> sandbox_;
  posix::child_plan plan_;
  std::optional<posix::child_announced> announced_;
  std::chrono::steady_clock::time_point began_;
  std::optional<posix::signals_blocked> signals_blocked_;
  std::optional<posix::passed_memory> passed_;
};

}  // namespace isolatte::inline v0_1::launch

#endif
