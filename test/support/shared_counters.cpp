// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "support/shared_counters.hpp"

#ifdef ISOLATTE_TEST_SHARED_COUNTERS

#include "posix/child/child_exit.hpp"
#include "posix/system_calls.hpp"

#include <cstddef>
#include <cstring>
#include <functional>

#include <sys/mman.h>

// The linker script cmake/counters.ld defines these.
extern "C" char isolatte_counters_begin[];
extern "C" char isolatte_counters_end[];

namespace isolatte::inline v0_1::test {

namespace {

decltype(posix::sys.munmap) real_munmap;

/// A child that enters a sandbox unmaps what it shares with others, and counts on.
int unmap_all_but_counters(void* memory, std::size_t size) {
  auto const begin = static_cast<char*>(memory);
  if (begin < isolatte_counters_end && begin + size > isolatte_counters_begin) return 0;
  return real_munmap(memory, size);
}

}  // namespace

bool share_counters() noexcept {
  real_munmap = posix::sys.munmap;
  posix::sys.munmap = unmap_all_but_counters;
  auto const size = static_cast<std::size_t>(isolatte_counters_end - isolatte_counters_begin);
  constexpr int access = PROT_READ | PROT_WRITE;
  void* const shared = ::mmap(nullptr, size, access, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) return false;
  // This process writes the counts of its children. Each of them would write all of them again.
  posix::forgo_profile();
  // Constructors of static objects have counted already.
  std::memcpy(shared, isolatte_counters_begin, size);
  return ::mremap(shared, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, isolatte_counters_begin) !=
         MAP_FAILED;
}

bool is_counter(const void* memory) noexcept {
  std::less<const void*> const before;
  return !before(memory, isolatte_counters_begin) && before(memory, isolatte_counters_end);
}

}  // namespace isolatte::inline v0_1::test

#else

namespace isolatte::inline v0_1::test {

bool share_counters() noexcept { return true; }
bool is_counter(const void*) noexcept { return false; }

}  // namespace isolatte::inline v0_1::test

#endif
