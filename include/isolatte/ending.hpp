// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_ENDING_HPP
#define ISOLATTE_ENDING_HPP

#include <isolatte/config.hpp>

#include <iosfwd>
#include <string>
#include <string_view>

namespace isolatte::inline v0_1 {

/// The ways in which a child can end.
enum class ending {
  /// No child was created; nothing ran.
  not_started,
  /// The callable returned and its value arrived.
  returned,
  /// The callable threw; the exception arrived.
  threw,
  /// The child called `exit`, `_exit` or `quick_exit` itself, with any code.
  exited,
  /// SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS, or any core dump.
  faulted,
  /// SIGKILL that this library did not send: `kill -9`, the out-of-memory killer.
  killed,
  /// Any other signal.
  signaled,
  /// Killed at options::timeout.
  timed_out,
  /// Killed because the operation was cancelled.
  cancelled,
  /// The value, the exception or the arguments could not be carried from one process to the other.
  /// If the arguments could not, the callable did not run: see outcome_base::ran.
  undelivered,
  /// The exit status is unknowable: someone else reaped the child.
  lost,
};

/// Answers whether the callable ran, so whether a retry is safe.
enum class ran {
  /// The callable certainly did not run.
  no,
  /// The callable certainly began.
  yes,
  /// Neither is certain.
  unknown,
};

/// Returns the name of an ending, as the enumerator is spelled.
/// @param how the ending
/// @return a string with static storage duration
ISOLATTE_DECL std::string_view to_string(ending how) noexcept;

/// Returns the name of an answer, as the enumerator is spelled.
/// @param answer the answer
/// @return a string with static storage duration
ISOLATTE_DECL std::string_view to_string(ran answer) noexcept;

/// Returns the name of a signal, such as an outcome's or a fault's.
/// @param signal the number
/// @return "SIGSEGV", "SIGRTMIN+3", or "signal 99" if there is no such name
/// @par Exception safety
/// Strong guarantee: `std::bad_alloc`.
ISOLATTE_DECL std::string signal_name(int signal);

/// Writes the name of an ending.
/// @param os the stream
/// @param how the ending
/// @return @p os
/// @par Exception safety
/// Basic guarantee: what @p os throws.
ISOLATTE_DECL std::ostream& operator<<(std::ostream& os, ending how);

/// Writes the name of an answer.
/// @param os the stream
/// @param answer the answer
/// @return @p os
/// @par Exception safety
/// Basic guarantee: what @p os throws.
ISOLATTE_DECL std::ostream& operator<<(std::ostream& os, ran answer);

}  // namespace isolatte::inline v0_1

#endif
