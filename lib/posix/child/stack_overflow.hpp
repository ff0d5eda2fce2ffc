// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_CHILD_STACK_OVERFLOW_HPP
#define ISOLATTE_LIB_POSIX_CHILD_STACK_OVERFLOW_HPP

#include <cstdint>

namespace isolatte::inline v0_1::posix {

/// Whether a SIGSEGV means that the stack in use has no room left: the stack pointer has come to
/// the address, which is in the guard page below a thread's stack, or right below the first
/// thread's. A stack without guard page is not recognised. Async-signal-safe.
bool is_stack_overflow(std::uintptr_t fault_address, std::uintptr_t stack_pointer) noexcept;

}  // namespace isolatte::inline v0_1::posix

#endif
