// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_TEST_SUPPORT_FAILING_NEW_HPP
#define ISOLATTE_TEST_SUPPORT_FAILING_NEW_HPP

#include "support/allocated_bytes.hpp"

#include <cstddef>
#include <cstdlib>
#include <new>

// Replaces operator new in a whole program, so that allocations can fail. Only one source of the
// program includes this, and defines the first of these functions.

namespace isolatte::inline v0_1::test {

/// Whether the allocation that is about to be made fails.
bool is_allocation_to_fail() noexcept;

inline void* try_to_allocate(std::size_t size,
                             std::size_t alignment = alignof(std::max_align_t)) noexcept {
  if (is_allocation_to_fail()) return nullptr;
  allocated_bytes.fetch_add(size, std::memory_order_relaxed);
  if (size == 0) size = 1;
  if (alignment <= alignof(std::max_align_t)) return std::malloc(size);
  return std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
}

inline void* allocate(std::size_t size, std::size_t alignment = alignof(std::max_align_t)) {
  if (void* const memory = try_to_allocate(size, alignment)) return memory;
  throw std::bad_alloc{};
}

}  // namespace isolatte::inline v0_1::test

// The compiler takes each pair for a mismatch when it inlines one.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
void* operator new(std::size_t size) { return isolatte::test::allocate(size); }
void* operator new[](std::size_t size) { return isolatte::test::allocate(size); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  return isolatte::test::allocate(size, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t size, std::align_val_t alignment) {
  return isolatte::test::allocate(size, static_cast<std::size_t>(alignment));
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return isolatte::test::try_to_allocate(size);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return isolatte::test::try_to_allocate(size);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept { std::free(memory); }

#endif
