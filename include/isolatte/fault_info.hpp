// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_FAULT_INFO_HPP
#define ISOLATTE_FAULT_INFO_HPP

#include <isolatte/config.hpp>

#include <string>

namespace isolatte::inline v0_1 {

/// The fatal signal that ended a child, as the child saw it.
struct fault_info {
  /// The signal's number, SIGSEGV for one.
  int signal = 0;
  /// `si_code`: why it was sent (SEGV_MAPERR, FPE_INTDIV, SI_TKILL, ...).
  int code = 0;
  /// The faulting address (`si_addr`); null if the signal has none.
  void* address = nullptr;
  /// The stack trace, innermost frame first, one frame a line: number, function and, if there is
  /// debug information, file and line. The library's own outermost frames are left out.
  ///
  /// A function whose name is not found is told by its place in a program or library, as in
  /// `libfoo.so+0x1234`. So are all of them if the lookup takes too long. An address outside the
  /// code that the program has loaded is told as a number.
  std::string trace;
  /// Whether the stack had no room left: the address is in the guard page below the stack in use,
  /// or right below the stack of the child's first thread. A stack without a guard page, as of some
  /// coroutines, is not recognised.
  bool stack_overflow = false;
  /// For SIGSYS by a filter of system calls, such as that of options::sandbox: the name of the call
  /// that was not allowed, "socket" or "#600". Empty for every other signal, and if it is unknown,
  /// as in a program that has been executed.
  std::string system_call{};
};

}  // namespace isolatte::inline v0_1

#endif
