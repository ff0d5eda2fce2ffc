// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_TEST_PLAN_HPP
#define ISOLATTE_LIB_TEST_PLAN_HPP

#include <isolatte/config.hpp>
#include <isolatte/options.hpp>

#include <boost/function/function0.hpp>
#include <boost/test/detail/fwd_decl.hpp>
#include <boost/test/detail/global_typedef.hpp>
#include <boost/test/tree/fixture.hpp>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace isolatte::inline v0_1::test {

/// The death that a case has to die.
struct expected_death {
  std::string text;
  int signal = 0;
};

/// A case that runs in a child.
struct isolated_case {
  boost::unit_test::test_unit_id id;
  boost::function<void()> body;
  std::vector<boost::unit_test::test_unit_fixture_ptr> fixtures;
  std::shared_ptr<const options> how;
  std::optional<expected_death> death;
};

/// Says which cases run in children, and how.
class plan {
 public:
  static plan& instance();

  /// Isolates a unit and all beneath; null: not.
  void isolate(const boost::unit_test::test_unit& unit, std::shared_ptr<const options> how);
  void expect_death(const boost::unit_test::test_unit& unit, expected_death death);

  /// Puts a run in a child in the place of the function of each case that is to be isolated.
  /// The arguments of the module may leave it in the program.
  /// @throws boost::unit_test::framework::setup_error if they make no sense
  void apply();

  /// Returns the case if it runs in a child, or null.
  const isolated_case* find(boost::unit_test::test_unit_id id) const;

 private:
  plan() = default;
  void apply_to(boost::unit_test::test_case& unit);

  std::map<boost::unit_test::test_unit_id, std::shared_ptr<const options>> marks_;
  std::map<boost::unit_test::test_unit_id, expected_death> deaths_;
  std::map<boost::unit_test::test_unit_id, isolated_case> cases_;
};

}  // namespace isolatte::inline v0_1::test

#endif
