// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_TEST_SUPPORT_FAIL_CALLS_HPP
#define ISOLATTE_TEST_SUPPORT_FAIL_CALLS_HPP

#include "posix/system_calls.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace isolatte::test {

/// Whose calls are meant: the process's that makes the failures, or all its descendants' together.
enum class side { parent, child };

struct failure {
  enum class mode {
    /// The nth call alone fails.
    nth,
    /// Every call fails.
    every,
    /// Every second call is interrupted: EINTR, where the system may say so.
    interrupted,
  };
  mode how = mode::nth;
  side where = side::parent;
  /// Counted from 1.
  unsigned nth = 1;
  /// The call's name; empty: any.
  std::string_view entry = {};
};

/// Makes system calls fail, while it lives, in this process and in those that it forks. A close
/// that fails has closed all the same, as the system's does.
class fail_calls {
 public:
  explicit fail_calls(const failure& what);
  ~fail_calls();
  fail_calls(const fail_calls&) = delete;
  fail_calls& operator=(const fail_calls&) = delete;

  /// Whether a call has failed for this.
  bool injected() const;
  /// The last call that did, and its errno.
  std::string entry() const;
  int error() const;

  /// The names of all calls.
  static std::vector<std::string_view> entries();

 private:
  posix::system_calls before_;
};

}  // namespace isolatte::test

#endif
