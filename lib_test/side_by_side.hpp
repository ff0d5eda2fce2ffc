// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_TEST_SIDE_BY_SIDE_HPP
#define ISOLATTE_LIB_TEST_SIDE_BY_SIDE_HPP

#include "plan.hpp"

#include <isolatte/config.hpp>
#include <isolatte/options.hpp>

#include <cstddef>
#include <memory>

namespace isolatte::inline v0_1::test {

/// Runs cases at the same time, when the module is run with `-- --jobs N`. The framework asks for
/// one case after the other. While the first of them runs, the next ones are started, and each is
/// reported when the framework asks for it.
class side_by_side {
 public:
  static side_by_side& instance();

  /// @param jobs how many cases may run at once
  void configure(std::size_t jobs);
  /// Tells whether more than one case may run.
  bool is_on() const { return jobs_ > 1; }

  /// Runs the current case, and reports it.
  void run(const isolated_case& which, options how);

  /// Kills the cases that run.
  void drop_all();

 private:
  struct state;

  side_by_side();
  ~side_by_side();

  std::size_t jobs_ = 1;
  std::unique_ptr<state> state_;
};

}  // namespace isolatte::inline v0_1::test

#endif
