// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "allocations.hpp"

#include "numbers.hpp"
#include "support/failing_new.hpp"

#include <atomic>
#include <cstdint>

#include <unistd.h>

namespace soak {

namespace {

std::atomic<unsigned> rate = 0;
/// Allocations of children do not fail: the callable's own would.
std::atomic<pid_t> owner = 0;
std::atomic<std::uint64_t> seed = 0;
std::atomic<std::uint64_t> count = 0;
std::atomic<std::uint64_t> failed = 0;
constinit thread_local bool may_fail = false;

bool is_to_fail() noexcept {
  if (!may_fail) return false;
  unsigned const one_in = rate;
  if (one_in == 0 || owner != ::getpid()) return false;
  if (scrambled(seed + ++count) % one_in != 0) return false;
  ++failed;
  return true;
}

}  // namespace

failing_memory::failing_memory(unsigned one_in, std::uint64_t by) noexcept {
  owner = ::getpid();
  seed = scrambled(by);
  soak::count = 0;
  failed = 0;
  rate = one_in;
}
failing_memory::~failing_memory() { rate = 0; }

std::uint64_t failing_memory::count() const noexcept { return failed; }

allocations_may_fail::allocations_may_fail() noexcept : before_{may_fail} { may_fail = true; }
allocations_may_fail::~allocations_may_fail() { may_fail = before_; }

allocations_hold::allocations_hold() noexcept : before_{may_fail} { may_fail = false; }
allocations_hold::~allocations_hold() { may_fail = before_; }

}  // namespace soak

bool isolatte::test::is_allocation_to_fail() noexcept { return soak::is_to_fail(); }
