// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "logic/pool_policy.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <limits>

namespace pool_policy_test {

using namespace isolatte::logic;

BOOST_AUTO_TEST_SUITE(pool_policy)

BOOST_AUTO_TEST_CASE(jobs_are_sent_ahead_unless_that_matters) {
  BOOST_TEST(depth({.workers = 2}) > 1u);
  BOOST_TEST(depth({.workers = 2, .max_jobs_per_worker = 1}) == 1u);
  BOOST_TEST(depth({.workers = 2, .max_jobs_per_worker = 3}) == 3u);
  BOOST_TEST(depth({.workers = 2, .attributes_output = true}) == 1u);
}

BOOST_AUTO_TEST_CASE(workers_are_there_before_jobs) {
  BOOST_TEST(wanted_workers({.workers = 4}, 0) == 4u);
  BOOST_TEST(wanted_workers({.workers = 4, .max_jobs_per_worker = 1}, 0) == 8u);
  BOOST_TEST(wanted_workers({.workers = 4, .idle_timeout = std::chrono::seconds{1}}, 0) == 0u);
  BOOST_TEST(wanted_workers({.workers = 4, .idle_timeout = std::chrono::seconds{1}}, 3) == 3u);
  BOOST_TEST(wanted_workers({.workers = 4, .idle_timeout = std::chrono::seconds{1}}, 30) == 4u);
}

BOOST_AUTO_TEST_CASE(room_is_what_runs_and_what_may_wait) {
  BOOST_TEST(has_room({.workers = 2, .max_queued = 0}, 1));
  BOOST_TEST(!has_room({.workers = 2, .max_queued = 0}, 2));
  BOOST_TEST(has_room({.workers = 2, .max_queued = 3}, 4));
  BOOST_TEST(!has_room({.workers = 2, .max_queued = 3}, 5));
  BOOST_TEST(has_room({.workers = 2, .max_queued = std::numeric_limits<std::size_t>::max()}, 1000));
}

BOOST_AUTO_TEST_CASE(how_many_jobs_a_worker_may_have) {
  struct pool_policy const two{.workers = 2};
  BOOST_TEST(has_capacity(two, 1, 1));
  BOOST_TEST(has_capacity(two, depth(two) - 1, 1000));
  BOOST_TEST(!has_capacity(two, depth(two), 99));
  struct pool_policy const worn{.workers = 2, .max_jobs_per_worker = 3};
  BOOST_TEST(has_capacity(worn, 0, 2));
  BOOST_TEST(!has_capacity(worn, 0, 3));
}

BOOST_AUTO_TEST_CASE(who_is_worn) {
  BOOST_TEST(!is_worn({.workers = 1}, 1000000, 1 << 30));
  BOOST_TEST(is_worn({.workers = 1, .max_jobs_per_worker = 3}, 3, 0));
  BOOST_TEST(!is_worn({.workers = 1, .max_jobs_per_worker = 3}, 2, 0));
  BOOST_TEST(is_worn({.workers = 1, .max_worker_memory = 10}, 1, 11));
  BOOST_TEST(!is_worn({.workers = 1, .max_worker_memory = 10}, 1, 10));
}

BOOST_AUTO_TEST_CASE(retries_become_rarer_but_do_not_end) {
  for (unsigned refused = 0; refused != 6; ++refused)
    BOOST_TEST((time_until_retry(refused) < time_until_retry(refused + 1)));
  BOOST_TEST((time_until_retry(0) < std::chrono::milliseconds{100}));
  BOOST_TEST((time_until_retry(6) < std::chrono::seconds{2}));
  BOOST_TEST((time_until_retry(std::numeric_limits<unsigned>::max()) == time_until_retry(6)));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace pool_policy_test
