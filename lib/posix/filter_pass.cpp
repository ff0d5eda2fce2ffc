// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/filter_pass.hpp"

#include "posix/system_calls.hpp"

#include <cerrno>

namespace isolatte::inline v0_1::posix {

std::uint64_t filter_pass::bits = 0;

#if defined(__linux__) && (defined(__x86_64__) || defined(__aarch64__))

bool filter_pass::draw() noexcept {
  do {
    ssize_t const count = sys.getrandom(&bits, sizeof bits);
    if (count == sizeof bits) continue;
    bits = 0;
    if (count != -1 || errno != EINTR) return false;
  } while (bits == 0);
  return true;
}

void filter_pass::forget() noexcept { *const_cast<volatile std::uint64_t*>(&bits) = 0; }

long call_with_pass(long number, unsigned long first, unsigned long second, unsigned long third,
                    unsigned long fourth, unsigned long fifth) noexcept {
#if defined(__x86_64__)
  long result;
  register unsigned long r10 __asm__("r10") = fourth;
  register unsigned long r8 __asm__("r8") = fifth;
  __asm__ volatile(
      "movq %[pass], %%r9\n\t"
      "syscall\n\t"
      "xorl %%r9d, %%r9d"
      : "=a"(result)
      : "a"(number), "D"(first), "S"(second), "d"(third), "r"(r10),
        "r"(r8), [pass] "m"(filter_pass::bits)
      : "rcx", "r9", "r11", "cc", "memory");
#else
  register long x8 __asm__("x8") = number;
  register unsigned long x0 __asm__("x0") = first;
  register unsigned long x1 __asm__("x1") = second;
  register unsigned long x2 __asm__("x2") = third;
  register unsigned long x3 __asm__("x3") = fourth;
  register unsigned long x4 __asm__("x4") = fifth;
  __asm__ volatile(
      "ldr x5, %[pass]\n\t"
      "svc #0\n\t"
      "mov x5, xzr"
      : "+r"(x0)
      : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), [pass] "m"(filter_pass::bits)
      : "x5", "cc", "memory");
  long const result = static_cast<long>(x0);
#endif
  if (result > -4096 && result < 0) {
    errno = static_cast<int>(-result);
    return -1;
  }
  return result;
}

#else

bool filter_pass::draw() noexcept {
  errno = ENOSYS;
  return false;
}

void filter_pass::forget() noexcept { bits = 0; }

long call_with_pass(long, unsigned long, unsigned long, unsigned long, unsigned long,
                    unsigned long) noexcept {
  errno = ENOSYS;
  return -1;
}

#endif

}  // namespace isolatte::inline v0_1::posix
