// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "support/fail_scenarios.hpp"
#include "support/nothing_left.hpp"

#include <boost/test/unit_test.hpp>

namespace every_call_test {

using isolatte::test::side;

BOOST_FIXTURE_TEST_SUITE(every_call, isolatte::test::nothing_left)

BOOST_AUTO_TEST_CASE(the_scenarios_work) { isolatte::test::fail_none(); }

BOOST_AUTO_TEST_CASE(one_kind_always_fails_in_the_parent) {
  isolatte::test::fail_every(side::parent);
}

BOOST_AUTO_TEST_CASE(one_kind_always_fails_in_the_child) {
  isolatte::test::fail_every(side::child);
}

BOOST_AUTO_TEST_CASE(signals_interrupt_everywhere) { isolatte::test::interrupt_all(); }

BOOST_AUTO_TEST_SUITE_END()

}  // namespace every_call_test
