// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "support/fail_scenarios.hpp"
#include "support/nothing_left.hpp"

#include <boost/test/unit_test.hpp>

namespace each_parent_call_test {

using isolatte::test::side;

BOOST_FIXTURE_TEST_SUITE(each_parent_call, isolatte::test::nothing_left)

BOOST_AUTO_TEST_CASE(each_call_of_the_parent_fails) { isolatte::test::fail_each(side::parent); }

BOOST_AUTO_TEST_SUITE_END()

}  // namespace each_parent_call_test
