// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_ARCHIVE_STACK_GUARD_HPP
#define ISOLATTE_DETAIL_ARCHIVE_STACK_GUARD_HPP

#include <isolatte/config.hpp>

#include <cstdint>

namespace isolatte::inline v0_1::detail {

/// Keeps the recursion through nested values from overflowing the stack.
class stack_guard {
 public:
  stack_guard() noexcept : base_{here()} {}
  void check() {
    if (here() < deepest_) deepest_ = here();
    if (distance(here()) > allowed_) allow_more(here());
  }
  /// Whether an address is in a stack frame between the guard's beginning and the caller, or in one
  /// that has returned.
  bool covers(const void* address) const noexcept {
    auto const place = reinterpret_cast<std::uintptr_t>(address);
    return (deepest_ <= place || here() <= place) && place <= base_;
  }

 private:
  static std::uintptr_t here() noexcept {
    return reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
  }
  /// A frame above the guard's beginning is not deeper. Checks are there if they are inlined into a
  /// large function.
  std::uintptr_t distance(std::uintptr_t place) const noexcept {
    return place < base_ ? base_ - place : 0;
  }
  /// Asks the system for the bounds of the stack. Throws if there is no more.
  ISOLATTE_DECL void allow_more(std::uintptr_t place);

  std::uintptr_t base_;
  std::uintptr_t deepest_ = base_;
  /// Every stack has this much room, a coroutine's too.
  std::uintptr_t allowed_ = 32 * 1024;
};

}  // namespace isolatte::inline v0_1::detail

#endif
