// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "next_cases.hpp"

#include <boost/test/framework.hpp>
#include <boost/test/tree/test_unit.hpp>
#include <boost/test/tree/traverse.hpp>
#include <boost/test/tree/visitor.hpp>
#include <boost/test/unit_test_parameters.hpp>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>

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

/// The place of a unit among its siblings, after the places of the suites around it. Siblings
/// that others depend on have a lower rank, and run first.
using place = std::vector<std::pair<ut::counter_t, std::size_t>>;

class enabled_cases : public ut::test_tree_visitor {
 public:
  std::vector<std::pair<place, const ut::test_case*>> found;

 private:
  void visit(const ut::test_case& unit) override {
    enter(unit);
    found.emplace_back(here_, &unit);
    here_.pop_back();
  }
  bool test_suite_start(const ut::test_suite& unit) override {
    enter(unit);
    return true;
  }
  void test_suite_finish(const ut::test_suite&) override { here_.pop_back(); }
  void enter(const ut::test_unit& unit) { here_.emplace_back(unit.p_sibling_rank, visited_++); }

  place here_;
  std::size_t visited_ = 0;
};

}  // namespace

case_order::case_order()
    : is_random_{ut::runtime_config::get<unsigned>(ut::runtime_config::btrt_random_seed) != 0} {
  enabled_cases all;
  ut::traverse_test_tree(ut::framework::master_test_suite().p_id, all);
  std::sort(all.found.begin(), all.found.end());
  for (auto const& [where, unit] : all.found)
    cases_.push_back(
        {plan::instance().find(unit->p_id), fixed_suite(*unit), may_be_skipped(*unit)});
  are_all_isolated_ = std::all_of(cases_.begin(), cases_.end(),
                                  [](const entry& each) { return each.isolated != nullptr; });
}

std::vector<const isolated_case*> case_order::after(const isolated_case& running) const {
  std::vector<const isolated_case*> next;
  // Any case may come next in random order.
  if (is_random_ && !are_all_isolated_) return next;
  auto const now = std::find_if(cases_.begin(), cases_.end(),
                                [&](const entry& each) { return each.isolated == &running; });
  if (now == cases_.end()) return next;
  auto const add = [&](const entry& each) {
    if (!each.may_be_skipped && each.suite == now->suite) next.push_back(each.isolated);
  };
  auto const first = std::next(now);
  std::for_each(first,
                std::find_if(first, cases_.end(), [](const entry& each) { return !each.isolated; }),
                add);
  if (is_random_) std::for_each(cases_.begin(), now, add);
  return next;
}

}  // namespace isolatte::inline v0_1::test
