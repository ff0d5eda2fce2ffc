// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/stack_bounds.hpp"

#include <algorithm>
#include <cstddef>

#include <pthread.h>
#include <sys/resource.h>

#if defined(__GLIBC__)
/// The upper end of the first thread's stack, set by the dynamic loader.
extern "C" void* __libc_stack_end __attribute__((weak));
#endif

namespace isolatte::inline v0_1::posix {

namespace {

/// The first thread's stack as far as it may grow. The C library reads the bounds from
/// /proc/self/maps, which needs a descriptor.
[[maybe_unused]] stack_bounds first_threads_stack() noexcept {
#if defined(__GLIBC__)
  // Linux leaves at least so much room below the stack for it to grow.
  constexpr rlim_t least_gap = 64 * 1024 * 1024;
  struct rlimit limit{};
  if (&__libc_stack_end == nullptr || ::getrlimit(RLIMIT_STACK, &limit) != 0) return {};
  auto const high = reinterpret_cast<std::uintptr_t>(__libc_stack_end);
  return {high - std::min(limit.rlim_cur, least_gap), high};
#else
  return {};
#endif
}

}  // namespace

stack_bounds thread_stack() noexcept {
#if defined(__linux__) && !defined(ISOLATTE_PORTABLE)
  pthread_attr_t attributes;
  // The C library keeps the bounds of every other thread's stack itself.
  if (::pthread_getattr_np(::pthread_self(), &attributes) != 0) return first_threads_stack();
  void* low = nullptr;
  std::size_t size = 0;
  int const failed = ::pthread_attr_getstack(&attributes, &low, &size);
  ::pthread_attr_destroy(&attributes);
  if (failed) return {};
  auto const begin = reinterpret_cast<std::uintptr_t>(low);
  return {begin, begin + size};
#else
  return {};
#endif
}

}  // namespace isolatte::inline v0_1::posix
