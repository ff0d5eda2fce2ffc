// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "nats/logic/life_limit.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>

namespace life_limit_test {

namespace logic = isolatte::nats::logic;
using logic::moment;
using namespace std::chrono_literals;

moment at(std::chrono::milliseconds time) { return moment{} + time; }

BOOST_AUTO_TEST_SUITE(life_limit)

BOOST_AUTO_TEST_CASE(is_that_of_the_first_job_to_be_killed) {
  logic::life_limit it;
  BOOST_TEST((it.end() == moment::max()));
  BOOST_TEST((it.kill_at(16s) == moment::max()));
  it.begin();
  it.bound(at(12s));
  it.bound(at(10s));
  it.bound(at(11s));
  BOOST_TEST((it.end() == at(10s)));
  BOOST_TEST((it.kill_at(16s) == at(11s)));
}

BOOST_AUTO_TEST_CASE(is_set_anew_for_a_job_that_is_to_be_killed_before) {
  logic::life_limit it;
  BOOST_TEST(it.is_wrong_for(at(12s), at(0s)));
  it.bound(at(12s));
  BOOST_TEST(!it.is_wrong_for(at(12s), at(1s)));
  BOOST_TEST(!it.is_wrong_for(at(13s), at(1s)));
  BOOST_TEST(it.is_wrong_for(at(11s), at(1s)));
}

BOOST_AUTO_TEST_CASE(of_jobs_that_are_gone_is_set_anew_for_a_job_after_a_rest) {
  logic::life_limit it;
  it.bound(at(12s));
  BOOST_TEST(!it.is_wrong_for(at(24s), at(11999ms)));
  BOOST_TEST(it.is_wrong_for(at(24s), at(12s)));
  BOOST_TEST(it.is_wrong_for(at(32s), at(20s)));
}

BOOST_AUTO_TEST_CASE(ends_with_the_jobs) {
  logic::life_limit it;
  BOOST_TEST(!it.is_needless(0, 0));
  it.bound(at(12s));
  BOOST_TEST(!it.is_needless(1, 0));
  BOOST_TEST(!it.is_needless(0, 1));
  BOOST_TEST(it.is_needless(0, 0));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace life_limit_test
