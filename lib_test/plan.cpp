// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "plan.hpp"

#include "arguments.hpp"
#include "case_run.hpp"
#include "side_by_side.hpp"

#include <boost/test/framework.hpp>
#include <boost/test/tree/observer.hpp>
#include <boost/test/tree/test_unit.hpp>
#include <boost/test/tree/traverse.hpp>
#include <boost/test/tree/visitor.hpp>

#include <utility>

namespace isolatte::inline v0_1::test {

namespace ut = boost::unit_test;

namespace {

// Cases of data sets come to be after the decorators of their suite have been applied, so the plan
// is applied when the run starts.
class run_observer : public ut::test_observer {
  void test_start(ut::counter_t, ut::test_unit_id) override { plan::instance().apply(); }
  void test_finish() override { side_by_side::instance().drop_all(); }
  // A global configuration may isolate all, and has priority 1. An observer that is registered at
  // that time is told of the start only if it comes later.
  int priority() override { return 4; }
};

void observe_runs() {
  static run_observer observer;
  ut::framework::register_observer(observer);
}

template <class Function>
class for_each_case : public ut::test_tree_visitor {
 public:
  explicit for_each_case(Function function) : function_{std::move(function)} {}

 private:
  void visit(const ut::test_case& unit) override { function_(const_cast<ut::test_case&>(unit)); }

  Function function_;
};

}  // namespace

plan& plan::instance() {
  static plan the_plan;
  return the_plan;
}

void plan::isolate(const ut::test_unit& unit, std::shared_ptr<const options> how) {
  observe_runs();
  marks_.insert_or_assign(unit.p_id, std::move(how));
}

void plan::expect_death(const ut::test_unit& unit, expected_death death) {
  deaths_.insert_or_assign(unit.p_id, std::move(death));
}

void plan::apply() {
  auto const given = read_arguments();
  side_by_side::instance().configure(given.jobs);
  for_each_case cases{[&](ut::test_case& unit) {
    if (!given.in_program || deaths_.contains(unit.p_id)) apply_to(unit);
  }};
  ut::traverse_test_tree(ut::framework::master_test_suite().p_id, cases, true);
}

const isolated_case* plan::find(ut::test_unit_id id) const {
  auto const found = cases_.find(id);
  return found == cases_.end() ? nullptr : &found->second;
}

void plan::apply_to(ut::test_case& unit) {
  if (cases_.contains(unit.p_id)) return;
  auto mark = marks_.end();
  for (ut::test_unit_id id = unit.p_id; id != ut::INV_TEST_UNIT_ID && mark == marks_.end();
       id = ut::framework::get(id, ut::TUT_ANY).p_parent_id)
    mark = marks_.find(id);
  if (mark == marks_.end() || !mark->second) return;

  isolated_case& isolated = cases_[unit.p_id];
  isolated.id = unit.p_id;
  isolated.how = mark->second;
  isolated.fixtures.swap(unit.p_fixtures.value);
  if (auto const death = deaths_.find(unit.p_id); death != deaths_.end())
    isolated.death = death->second;
  // The property is closed to all but the class itself. The function in it is not const.
  auto& function = const_cast<boost::function<void()>&>(unit.p_test_func.get());
  isolated.body = std::exchange(function, [&isolated] { run_case(isolated); });
}

}  // namespace isolatte::inline v0_1::test
