// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_STACK_BOUNDS_HPP
#define ISOLATTE_LIB_POSIX_STACK_BOUNDS_HPP

#include <cstdint>

namespace isolatte::inline v0_1::posix {

struct stack_bounds {
  std::uintptr_t low = 0;
  std::uintptr_t high = 0;
};

/// Tells where the calling thread's own stack is; empty if the system does not tell. A coroutine
/// may run on another stack.
stack_bounds thread_stack() noexcept;

}  // namespace isolatte::inline v0_1::posix

#endif
