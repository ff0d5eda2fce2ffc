// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "target.hpp"

#include <cstdint>
#include <cstdlib>
#include <limits>
#include <new>

#if defined(__SANITIZE_ADDRESS__)
#define ISOLATTE_FUZZ_WITH_ASAN
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ISOLATTE_FUZZ_WITH_ASAN
#endif
#endif

#ifdef ISOLATTE_FUZZ_WITH_ASAN
#include <sanitizer/allocator_interface.h>
#else
#include <malloc.h>
#endif

namespace isolatte::fuzz {

namespace {

constexpr auto no_bound = std::numeric_limits<std::int64_t>::max();
std::int64_t bound = no_bound;
std::int64_t in_use = 0;

void count_allocation(std::size_t size) noexcept {
  if (bound == no_bound) return;
  in_use += static_cast<std::int64_t>(size);
  if (in_use <= bound) return;
  bound = no_bound;
  require(false, "no more memory is taken than the bound");
}

void count_release(std::size_t size) noexcept {
  if (bound != no_bound) in_use -= static_cast<std::int64_t>(size);
}

}  // namespace

memory_bound::memory_bound(std::size_t most) noexcept {
#ifdef ISOLATTE_FUZZ_WITH_ASAN
  [[maybe_unused]] static bool const hooked = [] {
    int const done = __sanitizer_install_malloc_and_free_hooks(
        [](const volatile void*, std::size_t size) { count_allocation(size); },
        [](const volatile void* memory) {
          if (bound != no_bound && memory != nullptr)
            count_release(__sanitizer_get_allocated_size(memory));
        });
    require(done != 0, "allocations can be counted");
    return true;
  }();
#endif
  in_use = 0;
  bound = static_cast<std::int64_t>(most);
}

memory_bound::~memory_bound() { bound = no_bound; }

}  // namespace isolatte::fuzz

#ifndef ISOLATTE_FUZZ_WITH_ASAN

void* operator new(std::size_t size) {
  void* const memory = std::malloc(size != 0 ? size : 1);
  if (memory == nullptr) throw std::bad_alloc{};
  isolatte::fuzz::count_allocation(::malloc_usable_size(memory));
  return memory;
}
void operator delete(void* memory) noexcept {
  isolatte::fuzz::count_release(::malloc_usable_size(memory));
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept { operator delete(memory); }

#endif
