// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_TEST_SUPPORT_FAIL_ALLOCATIONS_HPP
#define ISOLATTE_TEST_SUPPORT_FAIL_ALLOCATIONS_HPP

#include "support/failing_new.hpp"

#include <atomic>
#include <cstdlib>
#include <new>

#include <sys/mman.h>
#include <unistd.h>

namespace isolatte::inline v0_1::test {

/// Makes allocations of this process fail, or those of its descendants, which are counted together.
/// Allocations before arm() or after disarm() do not count. Only one source of a program includes
/// this.
class fail_allocations {
 public:
  enum class side { here, descendants };

  /// Holds for descendants that are armed already, too.
  /// @param nth the first that fails, counted from 1
  /// @param count how many fail one after the other
  static void plan(unsigned nth, unsigned count) noexcept {
    seen().first = nth;
    seen().end = nth + count;
    seen().calls = 0;
    seen().injected = false;
  }
  static void arm(side where = side::here) noexcept {
    where_ = where;
    owner_ = ::getpid();
  }
  /// Copies of this process that there are stay armed.
  static void disarm() noexcept { owner_ = 0; }
  static bool injected() noexcept { return seen().injected; }
  /// Allocations since plan() that counted.
  static unsigned calls() noexcept { return seen().calls; }

  static bool is_to_fail() noexcept {
    pid_t const owner = owner_;
    if (owner == 0 || (owner == ::getpid()) != (where_ == side::here)) return false;
    unsigned const call = ++seen().calls;
    if (call < seen().first || call >= seen().end) return false;
    seen().injected = true;
    return true;
  }

 private:
  /// In memory that descendants share.
  struct counts {
    std::atomic<unsigned> first = 0;
    std::atomic<unsigned> end = 0;
    std::atomic<unsigned> calls = 0;
    std::atomic<bool> injected = false;
  };
  static counts& seen() noexcept {
    static counts* const shared = [] {
      void* const memory = ::mmap(nullptr, sizeof(counts), PROT_READ | PROT_WRITE,
                                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
      if (memory == MAP_FAILED) std::abort();
      return ::new (memory) counts;
    }();
    return *shared;
  }

  static inline std::atomic<side> where_ = side::here;
  static inline std::atomic<pid_t> owner_ = 0;
};

inline bool is_allocation_to_fail() noexcept { return fail_allocations::is_to_fail(); }

}  // namespace isolatte::inline v0_1::test

#endif
