// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_LOGIC_EXIT_STATUS_HPP
#define ISOLATTE_LIB_LOGIC_EXIT_STATUS_HPP

namespace isolatte::inline v0_1::logic {

/// How a process ended, as the kernel tells it.
struct exit_status {
  enum class kind { exited, signaled, dumped, lost };
  kind how = kind::lost;
  /// The exit code or the signal.
  int number = 0;
  bool operator==(const exit_status&) const = default;
};

}  // namespace isolatte::inline v0_1::logic

#endif
