// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_FILTER_PASS_HPP
#define ISOLATTE_LIB_POSIX_FILTER_PASS_HPP

#include <cstdint>

namespace isolatte::inline v0_1::posix {

// A template that is to have children in a sandbox loads their filter of system calls itself, since
// children inherit a filter for nothing. The library's own code has to do more there, and in a
// child that is being made, than the filter allows to others. That code proves itself by a pass: 64
// random bits in the sixth argument, which none of these calls has. A child forgets the pass before
// any code that is not trusted runs. Nothing but filter_pass::bits has a copy: no register, no
// stack.

struct filter_pass {
  /// 0: none.
  static std::uint64_t bits;
  /// @return whether it worked; errno tells why not
  static bool draw() noexcept;
  static void forget() noexcept;
  static bool held() noexcept { return bits != 0; }
};

/// Makes a system call with the pass. Async-signal-safe.
/// @return -1 with errno if it fails
long call_with_pass(long number, unsigned long first = 0, unsigned long second = 0,
                    unsigned long third = 0, unsigned long fourth = 0,
                    unsigned long fifth = 0) noexcept;

}  // namespace isolatte::inline v0_1::posix

#endif
