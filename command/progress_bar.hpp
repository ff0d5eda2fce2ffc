// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_COMMAND_PROGRESS_BAR_HPP
#define ISOLATTE_COMMAND_PROGRESS_BAR_HPP

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
    /// Known when the input has been read.
    std::optional<std::size_t> all;
  };

  /// Does nothing if the standard error is no terminal.
  progress_bar();
  ~progress_bar() { clear(); }
  progress_bar(const progress_bar&) = delete;
  progress_bar& operator=(const progress_bar&) = delete;

  bool is_on() const noexcept { return is_terminal_; }
  /// Draws in one line, however narrow the terminal is.
  void show(const state& now);
  /// Makes way for other output.
  void clear();

 private:
  bool is_terminal_;
  bool is_shown_ = false;
};

}  // namespace isolatte_run

#endif
