// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_TEST_SUPPORT_FAIL_CALLS_HPP
#define ISOLATTE_TEST_SUPPORT_FAIL_CALLS_HPP

#include "posix/system_calls.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace isolatte::inline v0_1::test {

/// Selects calls of the process that owns the fail_calls object, or those of all its descendants
/// together.
enum class side { parent, child };

struct failure {
  enum class mode {
    /// Only the nth call fails.
    nth,
    /// Every call fails.
    every,
    /// Every second call fails with EINTR, if it is one that a signal may interrupt.
    interrupted,
    /// One call in `nth` fails, wherever it is made, except for those without which processes
    /// cannot be ended, and memory not be given back.
    at_random,
  };
  mode how = mode::nth;
  side where = side::parent;
  /// Counted from 1.
  unsigned nth = 1;
  /// The name of the call, or several with spaces between them; empty: every call.
  std::string_view entry = {};
  /// Chooses the calls that fail at random, together with the place of a call among those of its
  /// process, and of the process in the order of their first calls.
  std::uint64_t seed = 0;
};

/// Makes system calls fail as long as it lives, in this process and in its descendants. A close()
/// that fails still closes, as on Linux.
class fail_calls {
 public:
  explicit fail_calls(const failure& what);
  ~fail_calls();
  fail_calls(const fail_calls&) = delete;
  fail_calls& operator=(const fail_calls&) = delete;

  /// Whether a call has failed.
  bool injected() const;
  /// How many calls have failed in this process, whose memory no hostile child can write to.
  static std::uint64_t count();
  /// The last call that failed, and its errno.
  std::string entry() const;
  int error() const;

  /// The names of all calls.
  static std::vector<std::string_view> entries();
  /// The errors with which calls fail at random.
  static std::vector<int> errors_at_random();

 private:
  posix::system_calls before_;
};

}  // namespace isolatte::inline v0_1::test

#endif
