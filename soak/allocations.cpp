// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "allocations.hpp"

#include "numbers.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

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

void* allocate(std::size_t size, std::size_t alignment) noexcept {
  if (is_to_fail()) return nullptr;
  if (size == 0) size = 1;
  if (alignment <= alignof(std::max_align_t)) return std::malloc(size);
  return std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
}

void* allocate_or_throw(std::size_t size, std::size_t alignment) {
  if (void* const memory = allocate(size, alignment)) return memory;
  throw std::bad_alloc{};
}

constexpr std::size_t usual = alignof(std::max_align_t);

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

// The whole program uses these. The compiler takes each pair for a mismatch when it inlines one.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
void* operator new(std::size_t size) { return soak::allocate_or_throw(size, soak::usual); }
void* operator new[](std::size_t size) { return soak::allocate_or_throw(size, soak::usual); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  return soak::allocate_or_throw(size, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t size, std::align_val_t alignment) {
  return soak::allocate_or_throw(size, static_cast<std::size_t>(alignment));
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return soak::allocate(size, soak::usual);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return soak::allocate(size, soak::usual);
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
