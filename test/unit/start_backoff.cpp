// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "logic/start_backoff.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>

namespace start_backoff_test {

using namespace isolatte::logic;
using namespace std::chrono_literals;

struct clocked {
  moment now{1h};
  start_backoff backoff{start_policy{.backoff_min = 100ms, .backoff_max = 1s, .give_up_after = 3}};

  void pass(std::chrono::nanoseconds time) {
    now += time;
    backoff.tick(now);
  }
  std::chrono::nanoseconds left() const { return backoff.retry_at() - now; }
};

BOOST_FIXTURE_TEST_SUITE(start_backoff, clocked)

BOOST_AUTO_TEST_CASE(each_failure_doubles_the_time_up_to_the_longest) {
  for (auto const time : {100ms, 200ms, 400ms, 800ms, 1000ms, 1000ms}) {
    backoff.failed(now, now);
    BOOST_TEST((left() == time));
    pass(time - 1ms);
    BOOST_TEST(backoff.waits());
    pass(1ms);
    BOOST_TEST(!backoff.waits());
    BOOST_TEST(backoff.is_careful());
  }
  backoff.succeeded();
  backoff.failed(now, now);
  BOOST_TEST((left() == 100ms));
}

BOOST_AUTO_TEST_CASE(workers_that_were_started_together_count_once) {
  auto const begun = now;
  for (int i = 0; i != 10; ++i) {
    pass(1s);
    backoff.failed(begun, now);
  }
  BOOST_TEST(backoff.failures() == 1u);
  BOOST_TEST(!backoff.gives_up());
}

BOOST_AUTO_TEST_CASE(so_many_in_a_row_are_enough) {
  for (int i = 0; i != 3; ++i) {
    BOOST_TEST(!backoff.gives_up());
    backoff.failed(now, now);
    pass(1s);
  }
  BOOST_TEST(backoff.gives_up());
  backoff.reset();
  BOOST_TEST(!backoff.gives_up());
  BOOST_TEST(!backoff.is_careful());
}

BOOST_AUTO_TEST_CASE(a_success_in_vain_goes_on_where_it_was) {
  backoff.failed(now, now);
  pass(1s);
  auto const before = backoff.failures();
  backoff.succeeded();
  backoff.succeeded_in_vain(before, now, now);
  BOOST_TEST(backoff.failures() == 2u);
  BOOST_TEST((left() == 200ms));
}

BOOST_AUTO_TEST_CASE(of_workers_started_together_those_that_succeed_in_vain_count_once) {
  auto const begun = now;
  backoff.failed(begun, now);
  backoff.succeeded_in_vain(0, begun, now);
  pass(1s);
  backoff.succeeded_in_vain(0, begun, now);
  BOOST_TEST(backoff.failures() == 1u);
  BOOST_TEST(!backoff.waits());
}

BOOST_AUTO_TEST_CASE(a_later_worker_that_succeeds_in_vain_counts) {
  backoff.failed(now, now);
  pass(1s);
  backoff.succeeded_in_vain(1, now, now);
  BOOST_TEST(backoff.failures() == 2u);
  BOOST_TEST((left() == 200ms));
}

BOOST_AUTO_TEST_CASE(a_worker_that_succeeds_in_vain_counts_after_a_success) {
  auto const begun = now;
  pass(1s);
  backoff.failed(now, now);
  backoff.succeeded();
  pass(1s);
  backoff.succeeded_in_vain(1, begun, now);
  BOOST_TEST(backoff.failures() == 2u);
  BOOST_TEST((left() == 200ms));
}

BOOST_AUTO_TEST_CASE(a_job_hurries_what_was_refused_and_not_what_failed) {
  backoff.refused(now);
  BOOST_TEST(backoff.waits());
  backoff.hurry();
  BOOST_TEST(!backoff.waits());
  backoff.failed(now, now);
  backoff.hurry();
  BOOST_TEST(backoff.waits());
}

BOOST_AUTO_TEST_CASE(refusals_are_no_failures) {
  for (int i = 0; i != 3; ++i) {
    BOOST_TEST(!backoff.is_refused_for_long());
    backoff.refused(now);
    pass(5s);
  }
  BOOST_TEST(backoff.is_refused_for_long());
  BOOST_TEST(!backoff.gives_up());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace start_backoff_test
