// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "logic/pool_policy.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
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
  BOOST_TEST(!is_worn({.workers = 1}, 1000000));
  BOOST_TEST(is_worn({.workers = 1, .max_jobs_per_worker = 3}, 3));
  BOOST_TEST(!is_worn({.workers = 1, .max_jobs_per_worker = 3}, 2));
}

BOOST_AUTO_TEST_CASE(an_elastic_pool_has_one_worker_more_than_jobs) {
  struct pool_policy const elastic{
      .workers = 4, .idle_timeout = std::chrono::seconds{1}, .min_workers = 2};
  BOOST_TEST(wanted_workers(elastic, 0) == 2u);
  BOOST_TEST(wanted_workers(elastic, 1) == 2u);
  BOOST_TEST(wanted_workers(elastic, 2) == 3u);
  BOOST_TEST(wanted_workers(elastic, 9) == 4u);
}

// Two processes would have what belongs to the slot.
BOOST_AUTO_TEST_CASE(an_elastic_pool_without_jobs_may_have_no_worker) {
  struct pool_policy const elastic{
      .workers = 4, .idle_timeout = std::chrono::seconds{1}, .min_workers = 0};
  BOOST_TEST(wanted_workers(elastic, 0) == 0u);
  BOOST_TEST(wanted_workers(elastic, 1) == 2u);
}

BOOST_AUTO_TEST_CASE(no_process_is_made_ahead_for_a_slot_in_use) {
  BOOST_TEST(wanted_workers({.workers = 4, .max_jobs_per_worker = 1, .seats = seating::until_end},
                            0) == 4u);
}

BOOST_AUTO_TEST_CASE(lives_are_shorter_by_up_to_the_jitter) {
  using std::chrono::nanoseconds;
  struct pool_policy const policy{
      .workers = 1, .recycle = {.age = std::chrono::hours{10}, .jitter = 0.2}, .seed = 7};
  nanoseconds least = nanoseconds::max();
  nanoseconds most{0};
  for (std::uint64_t number = 0; number != 1000; ++number) {
    auto const life = longest_life(policy, number);
    BOOST_TEST((life == longest_life(policy, number)));
    least = std::min(least, life);
    most = std::max(most, life);
  }
  BOOST_TEST((least >= std::chrono::hours{8}));
  BOOST_TEST((least < std::chrono::minutes{8 * 60 + 10}));
  BOOST_TEST((most <= std::chrono::hours{10}));
  BOOST_TEST((most > std::chrono::minutes{10 * 60 - 10}));
  struct pool_policy const exact{.workers = 1, .recycle = {.age = nanoseconds::max()}};
  BOOST_TEST((longest_life(exact, 3) == nanoseconds::max()));
}

BOOST_AUTO_TEST_CASE(lives_are_drawn_by_splitmix64) {
  // With this age and jitter, a life tells the first 53 bits that were drawn.
  constexpr std::int64_t age = std::int64_t{1} << 53;
  struct pool_policy policy{
      .workers = 1, .recycle = {.age = std::chrono::nanoseconds{age}, .jitter = 1}, .seed = 0};
  constexpr std::uint64_t drawn[] = {0xe220a8397b1dcdaf, 0x6e789e6aa1b965f4, 0x06c45d188009454f};
  for (std::uint64_t number = 0; number != 3; ++number)
    BOOST_TEST(longest_life(policy, number).count() ==
               age - static_cast<std::int64_t>(drawn[number] >> 11));
  auto const second = longest_life(policy, 1);
  policy.seed = 0x9e3779b97f4a7c15;
  BOOST_TEST((longest_life(policy, 0) == second));
}

BOOST_AUTO_TEST_CASE(starts_become_rarer_up_to_the_longest_time) {
  using namespace std::chrono_literals;
  start_policy const usual{.backoff_min = 100ms, .backoff_max = 30s};
  BOOST_TEST((time_until_start(usual, 1) == 100ms));
  BOOST_TEST((time_until_start(usual, 4) == 800ms));
  BOOST_TEST((time_until_start(usual, 10) == 30s));
  BOOST_TEST((time_until_start(usual, std::numeric_limits<unsigned>::max()) == 30s));
  BOOST_TEST((time_until_start({.backoff_min = 0s, .backoff_max = 1s}, 5) == 0s));
  start_policy const longest{.backoff_min = 1ns, .backoff_max = std::chrono::nanoseconds::max()};
  BOOST_TEST((time_until_start(longest, 3) == 4ns));
  BOOST_TEST((time_until_start(longest, 1000) == std::chrono::nanoseconds::max()));
  BOOST_TEST((time_until_start({.backoff_min = 1ns, .backoff_max = 3ns}, 2) == 2ns));
  // No time doubles to none, so there is nothing to count to.
  BOOST_TEST((time_until_start({.backoff_min = 0s, .backoff_max = 1s},
                               std::numeric_limits<unsigned>::max()) == 0s));
}

BOOST_AUTO_TEST_CASE(retries_become_rarer_but_do_not_end) {
  for (unsigned refused = 0; refused != 6; ++refused)
    BOOST_TEST((time_until_retry(refused) < time_until_retry(refused + 1)));
  BOOST_TEST((time_until_retry(0) == std::chrono::milliseconds{20}));
  BOOST_TEST((time_until_retry(6) == std::chrono::milliseconds{1280}));
  BOOST_TEST((time_until_retry(std::numeric_limits<unsigned>::max()) == time_until_retry(6)));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace pool_policy_test
