// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// Allocations of the program fail while pools work, and while servers and pools change, as in the
// suite `allocations`, which would take too long with them.

#include "changing_allocations.hpp"

#include "support/nothing_left.hpp"

#include <boost/test/unit_test.hpp>

namespace changing_allocations_test {

BOOST_FIXTURE_TEST_SUITE(changing_allocations, isolatte::test::nothing_left)

BOOST_AUTO_TEST_CASE(each_while_a_server_or_a_pool_changes) {
  allocations_test::fail_each_of_changes();
}

BOOST_AUTO_TEST_CASE(each_while_a_pool_works) { allocations_test::fail_each_of_pools(); }

BOOST_AUTO_TEST_CASE(each_while_a_worker_retires) {
  allocations_test::fail_each_of_retiring_worker();
}

BOOST_AUTO_TEST_CASE(each_for_a_large_result) { allocations_test::fail_each_for_large_result(); }

BOOST_AUTO_TEST_CASE(each_while_a_fault_is_named) {
  allocations_test::fail_each_while_fault_is_named();
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace changing_allocations_test
