// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "next_cases.hpp"

#include <boost/test/framework.hpp>
#include <boost/test/tree/test_unit.hpp>
#include <boost/test/tree/traverse.hpp>
#include <boost/test/tree/visitor.hpp>
#include <boost/test/unit_test_parameters.hpp>

#include <algorithm>

namespace isolatte::inline v0_1::test {

namespace ut = boost::unit_test;

namespace {

const ut::test_unit* parent_of(const ut::test_unit& unit) {
  if (unit.p_parent_id == ut::INV_TEST_UNIT_ID) return nullptr;
  return &ut::framework::get(unit.p_parent_id, ut::TUT_ANY);
}

/// Returns the innermost suite around a unit that has fixtures, or null.
const ut::test_unit* fixed_suite(const ut::test_unit& unit) {
  const ut::test_unit* suite = parent_of(unit);
  while (suite && suite->p_fixtures.get().empty()) suite = parent_of(*suite);
  return suite;
}

bool may_be_skipped(const ut::test_unit& unit) {
  for (const ut::test_unit* each = &unit; each; each = parent_of(*each))
    if (!each->p_dependencies.get().empty() || !each->p_preconditions.get().empty() ||
        each->p_timeout != 0)
      return true;
  return false;
}

class enabled_cases : public ut::test_tree_visitor {
 public:
  std::vector<const ut::test_case*> found;

 private:
  void visit(const ut::test_case& unit) override { found.push_back(&unit); }
};

}  // namespace

std::vector<const isolated_case*> next_cases(const isolated_case& running) {
  enabled_cases all;
  ut::traverse_test_tree(ut::framework::master_test_suite().p_id, all);
  auto& cases = all.found;
  auto const is_isolated = [](const ut::test_case* unit) {
    return plan::instance().find(unit->p_id) != nullptr;
  };
  auto const now = std::find_if(cases.begin(), cases.end(), [&](const ut::test_case* unit) {
    return unit->p_id == running.id;
  });
  bool const in_random_order =
      ut::runtime_config::get<unsigned>(ut::runtime_config::btrt_random_seed) != 0;
  if (in_random_order) {
    // Any case may come next.
    if (!std::all_of(cases.begin(), cases.end(), is_isolated)) return {};
    std::rotate(cases.begin(), now, cases.end());
  } else {
    cases.erase(std::find_if_not(now, cases.end(), is_isolated), cases.end());
    cases.erase(cases.begin(), now);
  }

  std::vector<const isolated_case*> next;
  const ut::test_unit* const suite = fixed_suite(ut::framework::get(running.id, ut::TUT_CASE));
  for (const ut::test_case* const unit : cases)
    if (unit->p_id != running.id && !may_be_skipped(*unit) && fixed_suite(*unit) == suite)
      next.push_back(plan::instance().find(unit->p_id));
  return next;
}

}  // namespace isolatte::inline v0_1::test
