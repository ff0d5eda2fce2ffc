// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "support/shared_counters.hpp"

#ifdef ISOLATTE_TEST_SHARED_COUNTERS

#include "posix/child/child_exit.hpp"
#include "posix/origin.hpp"
#include "posix/system_calls.hpp"

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <functional>

#include <sys/mman.h>
#include <unistd.h>

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

constexpr int access = PROT_READ | PROT_WRITE;

std::size_t size_of_counters() {
  return static_cast<std::size_t>(isolatte_counters_end - isolatte_counters_begin);
}

// A bare clone() counts no fork, and in a PID namespace a copy may have the program's number.
pid_t program;
const posix::origin* origin_of_program;
bool is_copy() { return origin_of_program->is_elsewhere() || ::getpid() != program; }

/// A copy of the program that calls exit() would write all counts as the program does, and double
/// those that are there. Many copies would double them until they overflow.
void write_none_of_copy() {
  if (!is_copy()) return;
  constexpr int kind = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
  if (::mmap(isolatte_counters_begin, size_of_counters(), access, kind, -1, 0) == MAP_FAILED)
    ::_exit(EXIT_FAILURE);
}

}  // namespace

bool share_counters() noexcept {
  real_munmap = posix::sys.munmap;
  posix::sys.munmap = unmap_all_but_counters;
  program = ::getpid();
  static posix::origin const here;
  origin_of_program = &here;
  if (std::atexit(write_none_of_copy) != 0) return false;
  auto const size = size_of_counters();
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
