// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_TEST_NEXT_CASES_HPP
#define ISOLATTE_LIB_TEST_NEXT_CASES_HPP

#include "plan.hpp"

#include <isolatte/config.hpp>

#include <boost/test/tree/test_unit.hpp>

#include <vector>

namespace isolatte::inline v0_1::test {

/// The enabled cases of the module, in the order in which the framework runs them.
class case_order {
 public:
  /// Reads the tree, once the plan has been applied.
  case_order();

  /// Returns the cases that may be started while the given one runs, in the order in which the
  /// framework will probably ask for them.
  ///
  /// They see the program as it is now. So between the given case and one of them nothing may come
  /// that changes the program: a case in the program itself, the fixture of a suite. Nor may the
  /// framework decide later whether it runs: by a dependency, a precondition or a timeout.
  std::vector<const isolated_case*> after(const isolated_case& running) const;

 private:
  struct entry {
    /// Null if the case runs in the program.
    const isolated_case* isolated;
    /// The innermost suite around it that has fixtures, or null.
    const boost::unit_test::test_unit* suite;
    bool may_be_skipped;
  };

  std::vector<entry> cases_;
  bool is_random_ = false;
  bool are_all_isolated_ = false;
};

}  // namespace isolatte::inline v0_1::test

#endif
