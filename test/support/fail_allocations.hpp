// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_TEST_SUPPORT_FAIL_ALLOCATIONS_HPP
#define ISOLATTE_TEST_SUPPORT_FAIL_ALLOCATIONS_HPP

#include "support/failing_new.hpp"

#include <atomic>

#include <unistd.h>

namespace isolatte::inline v0_1::test {

/// Makes allocations of this process fail. Allocations of its children do not count, and neither do
/// allocations before arm() or after disarm(). Only one source of a program includes this.
class fail_allocations {
 public:
  /// @param nth the first that fails, counted from 1
  /// @param count how many fail one after the other
  static void plan(unsigned nth, unsigned count) noexcept {
    first_ = nth;
    end_ = nth + count;
    calls_ = 0;
    injected_ = false;
  }
  static void arm() noexcept { owner_ = ::getpid(); }
  static void disarm() noexcept { owner_ = 0; }
  static bool injected() noexcept { return injected_; }
  /// Allocations since plan() that counted.
  static unsigned calls() noexcept { return calls_; }

  static bool is_to_fail() noexcept {
    if (owner_ == 0 || owner_ != ::getpid()) return false;
    unsigned const call = ++calls_;
    if (call < first_ || call >= end_) return false;
    injected_ = true;
    return true;
  }

 private:
  static inline std::atomic<unsigned> first_ = 0;
  static inline std::atomic<unsigned> end_ = 0;
  static inline std::atomic<unsigned> calls_ = 0;
  static inline std::atomic<bool> injected_ = false;
  static inline std::atomic<pid_t> owner_ = 0;
};

inline bool is_allocation_to_fail() noexcept { return fail_allocations::is_to_fail(); }

}  // namespace isolatte::inline v0_1::test

#endif
