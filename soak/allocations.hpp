// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_SOAK_ALLOCATIONS_HPP
#define ISOLATTE_SOAK_ALLOCATIONS_HPP

#include <cstdint>

namespace soak {

/// Has allocations fail as long as it lives: one in so many on average, which ones depends on the
/// seed and on their order.
class failing_memory {
 public:
  failing_memory(unsigned one_in, std::uint64_t seed) noexcept;
  ~failing_memory();
  failing_memory(const failing_memory&) = delete;
  failing_memory& operator=(const failing_memory&) = delete;

  /// How many have failed.
  std::uint64_t count() const noexcept;
};

/// Allocations of this thread may fail as long as this object lives.
class allocations_may_fail {
 public:
  allocations_may_fail() noexcept;
  ~allocations_may_fail();
  allocations_may_fail(const allocations_may_fail&) = delete;
  allocations_may_fail& operator=(const allocations_may_fail&) = delete;

 private:
  bool before_;
};

/// No allocation of this thread is made to fail as long as this object lives: the thread runs code
/// of this program, which is not what is tested.
class allocations_hold {
 public:
  allocations_hold() noexcept;
  ~allocations_hold();
  allocations_hold(const allocations_hold&) = delete;
  allocations_hold& operator=(const allocations_hold&) = delete;

 private:
  bool before_;
};

}  // namespace soak

#endif
