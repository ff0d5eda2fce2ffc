// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_OPTIONS_HPP
#define ISOLATTE_OPTIONS_HPP

#include <isolatte/config.hpp>
#include <isolatte/resource_limits.hpp>
#include <isolatte/sandbox.hpp>
#include <isolatte/stdio.hpp>

#include <chrono>
#include <cstddef>
#include <initializer_list>
#include <optional>
#include <utility>
#include <vector>

namespace isolatte::inline v0_1 {

/// The type of @ref all_descriptors.
struct all_descriptors_t {};

/// Says that the child keeps every descriptor of the program's.
inline constexpr all_descriptors_t all_descriptors{};

/// The descriptors that stay open in a child, under their numbers, besides 0, 1 and 2.
class kept_descriptors {
 public:
  /// Keeps none.
  kept_descriptors() = default;
  /// Keeps some. One that is not open is an error of the operation.
  /// @param fds the descriptors
  kept_descriptors(std::initializer_list<int> fds) : fds_(fds) {}
  /// Keeps some. One that is not open is an error of the operation.
  /// @param fds the descriptors
  kept_descriptors(std::vector<int> fds) : fds_(std::move(fds)) {}
  /// Keeps all.
  kept_descriptors(all_descriptors_t) : all_(true) {}

  /// Tells whether all are kept.
  /// @return true for @ref all_descriptors
  bool all() const noexcept { return all_; }
  /// Returns the descriptors that are kept, unless all are.
  /// @return the descriptors, in the order given
  const std::vector<int>& fds() const noexcept { return fds_; }

 private:
  std::vector<int> fds_;
  bool all_ = false;
};

/// Tells whether the system can do what options::die_with_parent asks for. If it cannot, asking is
/// an error of the operation (`ENOTSUP`).
#if defined(__linux__)
inline constexpr bool can_die_with_parent = true;
#else
inline constexpr bool can_die_with_parent = false;
#endif

/// How one child is run; an aggregate for designated initialisers, every member with a default.
///
/// @code
/// isolatte::options{
///     .err = isolatte::capture{}, .timeout = 2s, .limits = {.address_space = 1 << 30}}
/// @endcode
struct options {
  /// The child's standard input.
  source in = discard;
  /// The child's standard output.
  sink out = inherit;
  /// The child's standard error.
  sink err = discard;
  /// Wall-clock limit, from the child's creation: the child's tree is killed and the outcome is
  /// ending::timed_out. Zero or less: at once. Absent: never.
  std::optional<std::chrono::nanoseconds> timeout{};
  /// The time between a polite signal and SIGKILL, at the timeout (SIGTERM) or at a `partial`
  /// (SIGTERM) or `total` (SIGINT) cancellation. A callable that takes a `std::stop_token` is asked
  /// by that in place of the signal. Zero: SIGKILL at once.
  std::chrono::nanoseconds grace{0};
  /// Limits on memory, processor time and more.
  resource_limits limits{};
  /// Descriptors that the child keeps; all others are closed in it.
  kept_descriptors keep{};
  /// The child leads a process group of its own, and the group is killed at its end, timeout or
  /// cancellation. Without effect for a child whose input is the terminal in whose foreground this
  /// process is: such a child stays in the group of this process, so that it can read. Without
  /// effect in a sandbox, too, whose group nothing leaves.
  bool kill_tree = true;
  /// The child and its group get SIGKILL when this process dies, whichever thread forked. True if
  /// the system can do it. The kernel follows a descriptor in the child: a child that closes all
  /// inherited descriptors survives a program that is killed. In a sandbox the end of the outer
  /// child's group, or of its PID namespace, stands for it.
  bool die_with_parent = can_die_with_parent;
  /// Bytes; a larger result ends the child: ending::undelivered. An exception arrives all the same,
  /// its message cut to this, or to 16 KiB if this is less.
  std::size_t max_result = std::size_t{1} << 30;
  /// A fatal signal is reported with its address and stack trace. Looking names up may hold the
  /// outcome back by 10 s, also after a timeout.
  bool fault_report = true;
  /// The operation completes as soon as the result is here, and the child is reaped in the
  /// background. The outcome then has neither usage nor exit status.
  bool early = false;
  /// Bytes that a job may have posted to its @ref channel before the program takes any, and bytes
  /// that the program may have sent to the job. A message that is larger travels alone.
  std::size_t message_window = std::size_t{64} << 10;
  /// The rights of a child whose code is not trusted. Absent: those of this program.
  /// @ref all_descriptors is an error then (`EINVAL`); each kept descriptor is a right of its own.
  std::optional<isolatte::sandbox> sandbox{};
};

}  // namespace isolatte::inline v0_1

#endif
