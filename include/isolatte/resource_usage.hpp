// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_RESOURCE_USAGE_HPP
#define ISOLATTE_RESOURCE_USAGE_HPP

#include <isolatte/config.hpp>

#include <chrono>
#include <cstdint>

namespace isolatte::inline v0_1 {

/// The resources that a child consumed, by the kernel's accounting of that child and of the
/// descendants that it waited for. All zero if they are not known.
struct resource_usage {
  /// From just before the child's creation until it was reaped.
  std::chrono::nanoseconds wall{};
  /// Processor time in user mode.
  std::chrono::microseconds user{};
  /// Processor time in the kernel.
  std::chrono::microseconds system{};
  /// Peak resident set in bytes. A forked child begins with the resident set of its parent.
  std::uint64_t max_resident_bytes = 0;
  /// Page faults served without I/O.
  std::uint64_t minor_faults = 0;
  /// Page faults that needed I/O.
  std::uint64_t major_faults = 0;
  /// Times that the child gave up the processor to wait.
  std::uint64_t voluntary_switches = 0;
  /// Times that the processor was taken from the child.
  std::uint64_t involuntary_switches = 0;
};

}  // namespace isolatte::inline v0_1

#endif
