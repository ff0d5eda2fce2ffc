// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/child_process.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>

namespace helper_number_test {

using isolatte::posix::number_of_helper;

BOOST_AUTO_TEST_SUITE(helper_number)

BOOST_AUTO_TEST_CASE(the_child_is_never_taken_for_its_helper) {
  std::atomic<int> made = 0;
  std::atomic<int> helper = 0;
  BOOST_TEST(number_of_helper(made, helper) == 0);
  made = 7;
  BOOST_TEST(number_of_helper(made, helper) == 7);
  helper = 7;
  BOOST_TEST(number_of_helper(made, helper) == 7);
  made = 8;
  BOOST_TEST(number_of_helper(made, helper) == 7);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace helper_number_test
