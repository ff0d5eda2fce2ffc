// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/stack_bounds.hpp"

#include <isolatte/detail/archive/stack_guard.hpp>

#include <algorithm>
#include <stdexcept>

namespace isolatte::inline v0_1::detail {

void stack_guard::allow_more(std::uintptr_t place) {
  constexpr std::uintptr_t most = 64 * 1024 * 1024;
  constexpr std::uintptr_t largest_reserve = 256 * 1024;
  // The system does not know a coroutine's stack, which may have 128 KiB in all.
  constexpr std::uintptr_t unknown_stack = 64 * 1024;

  auto const [low, high] = posix::thread_stack();
  if (high == 0) {
    allowed_ = unknown_stack;
  } else if (low <= place && place < high && low <= base_ && base_ < high && place < base_) {
    std::uintptr_t const rest = base_ - low;
    allowed_ = std::min(most, rest - std::min(rest, std::min(largest_reserve, (high - low) / 4)));
  }
  if (distance(place) > allowed_)
    throw std::length_error("isolatte: the value is nested too deeply to travel");
}

}  // namespace isolatte::inline v0_1::detail
