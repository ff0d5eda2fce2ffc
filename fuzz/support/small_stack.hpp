// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_FUZZ_SUPPORT_SMALL_STACK_HPP
#define ISOLATTE_FUZZ_SUPPORT_SMALL_STACK_HPP

#include "target.hpp"

#include <sys/resource.h>
#include <unistd.h>

namespace isolatte::fuzz {

/// Has the stack of the first thread end after as many bytes as a short input can use up by
/// nesting: a decoder that does not bound its recursion then overflows it. The program begins anew
/// for that, because a sanitizer asks for the stack's size when it begins. For a short stack it has
/// less to do at each exception, too.
inline void use_small_stack(char** argv) {
  constexpr rlim_t size = 512 * 1024;
  rlimit limit{};
  require(::getrlimit(RLIMIT_STACK, &limit) == 0, "the stack has a limit");
  if (limit.rlim_cur == size) return;
  limit.rlim_cur = size;
  require(::setrlimit(RLIMIT_STACK, &limit) == 0, "the stack may be smaller");
  ::execv("/proc/self/exe", argv);
  require(false, "the program can begin anew");
}

}  // namespace isolatte::fuzz

#endif
