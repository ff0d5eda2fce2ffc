// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_COMMAND_PROGRESS_BAR_HPP
#define ISOLATTE_COMMAND_PROGRESS_BAR_HPP

#include <chrono>
#include <cstddef>
#include <optional>

namespace isolatte_run {

/// Shows on a terminal how far a map has come.
class progress_bar {
 public:
  struct state {
    std::size_t done = 0;
    std::size_t failed = 0;
    std::size_t running = 0;
    /// Known at the end of the input.
    std::optional<std::size_t> all;
  };

  /// Does nothing if the standard error is no terminal.
  progress_bar();
  ~progress_bar() { clear(); }
  progress_bar(const progress_bar&) = delete;
  progress_bar& operator=(const progress_bar&) = delete;

  /// Draws, but not more often than the eye sees.
  void show(const state& now);
  /// Makes way for other output.
  void clear();

 private:
  bool is_terminal_;
  bool is_shown_ = false;
  std::chrono::steady_clock::time_point drawn_;
};

}  // namespace isolatte_run

#endif
