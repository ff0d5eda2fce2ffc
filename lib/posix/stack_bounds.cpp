// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/stack_bounds.hpp"

#include <cstddef>

#include <pthread.h>

namespace isolatte::posix {

stack_bounds thread_stack() noexcept {
#if defined(__linux__) && !defined(ISOLATTE_PORTABLE)
  pthread_attr_t attributes;
  if (::pthread_getattr_np(::pthread_self(), &attributes) != 0) return {};
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

}  // namespace isolatte::posix
