// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_RESOURCE_LIMITS_HPP
#define ISOLATTE_RESOURCE_LIMITS_HPP

#include <isolatte/config.hpp>

#include <chrono>
#include <cstdint>
#include <optional>

namespace isolatte::inline v0_1 {

/// Limits that the child imposes on itself before the callable runs; each is optional.
///
/// A limit that the system refuses (to raise a hard limit without privilege) is an error of the
/// operation: the callable does not run. The hard limit is set, too, so the callable cannot undo
/// it.
struct resource_limits {
  /// Bytes of address space (RLIMIT_AS): allocations that exceed them fail.
  std::optional<std::uint64_t> address_space{};
  /// Processor time (RLIMIT_CPU, whole seconds, rounded up): SIGXCPU at it, SIGKILL a second later.
  std::optional<std::chrono::seconds> cpu_time{};
  /// Bytes that one file may grow to (RLIMIT_FSIZE); a write that exceeds them is SIGXFSZ.
  std::optional<std::uint64_t> file_size{};
  /// One more than the highest descriptor that may be opened (RLIMIT_NOFILE).
  std::optional<std::uint64_t> open_files{};
  /// Processes of the user (RLIMIT_NPROC): `fork` fails if there would be more. Does not bind root.
  std::optional<std::uint64_t> processes{};
  /// Bytes of a core dump (RLIMIT_CORE); 0 prevents one.
  std::optional<std::uint64_t> core_size{};
  /// Bytes that the stack may grow to (RLIMIT_STACK); binds when the main thread forked.
  std::optional<std::uint64_t> stack{};
  /// The nice value, -20 to 19 (`setpriority`).
  std::optional<int> nice{};
  /// -1000 to 1000: how readily the out-of-memory killer takes this child first (Linux).
  std::optional<int> oom_score_adj{};
};

}  // namespace isolatte::inline v0_1

#endif
