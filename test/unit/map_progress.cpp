// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "logic/map_progress.hpp"

#include "support/no_memory.hpp"
#include "support/sanitizers.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <iterator>
#include <map>
#include <new>
#include <random>
#include <set>
#include <string_view>

namespace map_progress_test {

using end = isolatte::logic::map_progress::end;
using step = isolatte::logic::map_progress::step;

/// Takes elements as long as the next step is to take one.
std::size_t take_all(isolatte::logic::map_progress& map) {
  std::size_t count = 0;
  for (; map.next() == step::take; ++count) {
    map.make_room();
    map.take();
  }
  return count;
}

const char* name(step what) {
  static constexpr const char* names[] = {"take", "retry", "wait", "complete"};
  return names[static_cast<int>(what)];
}

void check(const isolatte::logic::map_progress& map, step expected) {
  BOOST_TEST(name(map.next()) == std::string_view{name(expected)});
}

BOOST_AUTO_TEST_SUITE(map_progress)

BOOST_AUTO_TEST_CASE(of_nothing_is_complete) {
  isolatte::logic::map_progress map{{.at_most = 3}};
  check(map, step::take);
  map.exhausted();
  check(map, step::complete);
  BOOST_TEST(map.done() == 0U);
  BOOST_TEST(!map.aborted());
}

BOOST_AUTO_TEST_CASE(starts_no_more_than_allowed_and_in_order) {
  isolatte::logic::map_progress map{{.at_most = 3}};
  BOOST_TEST(take_all(map) == 3U);
  check(map, step::wait);
  BOOST_TEST(map.ended(1, end::success).settled);
  BOOST_TEST(map.take() == 3U);
  check(map, step::wait);
  map.ended(0, end::failure);
  map.ended(3, end::success);
  BOOST_TEST(take_all(map) == 2U);
  BOOST_TEST(map.taken() == 6U);
  BOOST_TEST(map.done() == 3U);
}

BOOST_AUTO_TEST_CASE(starts_one_at_a_time_unless_told) {
  isolatte::logic::map_progress map{{}};
  BOOST_TEST(take_all(map) == 1U);
}

BOOST_AUTO_TEST_CASE(takes_zero_for_one) {
  isolatte::logic::map_progress map{{.at_most = 0}};
  BOOST_TEST(take_all(map) == 1U);
}

BOOST_AUTO_TEST_CASE(knows_the_total_of_a_range_with_a_size_at_once_and_else_at_its_end) {
  isolatte::logic::map_progress known{{.at_most = 1, .total = 7}};
  BOOST_TEST(known.total() == 7U);
  isolatte::logic::map_progress unknown{{.at_most = 2}};
  take_all(unknown);
  BOOST_TEST(unknown.total() == 0U);
  unknown.ended(0, end::success);
  unknown.exhausted();
  BOOST_TEST(unknown.total() == 2U);
  check(unknown, step::wait);
  unknown.ended(1, end::success);
  check(unknown, step::complete);
}

BOOST_AUTO_TEST_CASE(completes_behind_the_last_end) {
  isolatte::logic::map_progress map{{.at_most = 4, .total = 2}};
  map.take();
  map.take();
  map.exhausted();
  check(map, step::wait);
  map.ended(1, end::failure);
  check(map, step::wait);
  map.ended(0, end::failure);
  check(map, step::complete);
  BOOST_TEST(map.done() == 2U);
}

BOOST_AUTO_TEST_CASE(asks_a_broken_range_no_more) {
  isolatte::logic::map_progress map{{.at_most = 4}};
  map.take();
  map.take();
  map.broken();
  check(map, step::wait);
  map.ended(1, end::failure);
  map.ended(0, end::success);
  check(map, step::complete);
  // The range broke, so it may have had more elements.
  BOOST_TEST(map.total() == 0U);
}

// Stops

BOOST_AUTO_TEST_CASE(goes_on_behind_a_failure_unless_told) {
  isolatte::logic::map_progress map{{.at_most = 2}};
  take_all(map);
  auto const effect = map.ended(0, end::failure);
  BOOST_TEST(effect.settled);
  BOOST_TEST(!effect.stop_others);
  check(map, step::take);
}

BOOST_AUTO_TEST_CASE(stops_once_at_the_first_failure) {
  isolatte::logic::map_progress map{{.at_most = 3, .stop_on_error = true, .total = 9}};
  take_all(map);
  BOOST_TEST(!map.ended(2, end::success).stop_others);
  take_all(map);
  BOOST_TEST(!map.stopping());
  BOOST_TEST(map.ended(0, end::failure).stop_others);
  BOOST_TEST(map.stopping());
  check(map, step::wait);
  BOOST_TEST(!map.ended(1, end::failure).stop_others);
  BOOST_TEST(!map.ended(3, end::aborted).stop_others);
  check(map, step::complete);
  BOOST_TEST(!map.aborted());
  BOOST_TEST(map.done() == 4U);
  BOOST_TEST(map.total() == 9U);
}

BOOST_AUTO_TEST_CASE(stops_none_where_none_runs) {
  isolatte::logic::map_progress map{{.at_most = 1, .stop_on_error = true}};
  map.take();
  BOOST_TEST(!map.ended(0, end::failure).stop_others);
  check(map, step::complete);
}

BOOST_AUTO_TEST_CASE(starts_nothing_more_when_its_jobs_are_aborted_by_others) {
  isolatte::logic::map_progress map{{.at_most = 2}};
  take_all(map);
  map.ended(0, end::aborted);
  check(map, step::wait);
  map.ended(1, end::success);
  check(map, step::complete);
  BOOST_TEST(!map.aborted());
}

// Cancellations

BOOST_AUTO_TEST_CASE(cancelled_before_its_start_starts_nothing) {
  isolatte::logic::map_progress map{{.at_most = 2, .total = 5}};
  map.cancel();
  check(map, step::complete);
  BOOST_TEST(map.aborted());
}

BOOST_AUTO_TEST_CASE(cancelled_with_nothing_to_do_is_not_aborted) {
  isolatte::logic::map_progress map{{.at_most = 2, .total = 0}};
  map.cancel();
  check(map, step::complete);
  BOOST_TEST(!map.aborted());
}

BOOST_AUTO_TEST_CASE(cancelled_with_elements_left_is_aborted_however_those_running_end) {
  isolatte::logic::map_progress map{{.at_most = 2, .total = 3}};
  take_all(map);
  map.cancel();
  check(map, step::wait);
  map.ended(0, end::success);
  map.ended(1, end::success);
  check(map, step::complete);
  BOOST_TEST(map.aborted());
}

BOOST_AUTO_TEST_CASE(cancelled_behind_the_last_start_is_aborted_if_a_job_is) {
  for (bool const in_time : {false, true}) {
    isolatte::logic::map_progress map{{.at_most = 2, .total = 2}};
    take_all(map);
    map.cancel();
    BOOST_TEST(!map.aborted());
    map.ended(0, end::success);
    map.ended(1, in_time ? end::aborted : end::success);
    check(map, step::complete);
    BOOST_TEST(map.aborted() == in_time);
  }
}

BOOST_AUTO_TEST_CASE(cancelled_while_a_failure_stops_it_is_aborted_if_a_job_is) {
  isolatte::logic::map_progress map{{.at_most = 2, .stop_on_error = true, .total = 5}};
  take_all(map);
  map.ended(0, end::failure);
  map.cancel();
  BOOST_TEST(!map.aborted());
  map.ended(1, end::aborted);
  BOOST_TEST(map.aborted());
}

BOOST_AUTO_TEST_CASE(is_not_stopped_by_failures_when_it_is_cancelled) {
  isolatte::logic::map_progress map{{.at_most = 2, .stop_on_error = true}};
  take_all(map);
  map.cancel();
  BOOST_TEST(!map.ended(0, end::failure).stop_others);
}

// Shortages

BOOST_AUTO_TEST_CASE(keeps_a_job_that_found_no_room_until_another_has_ended) {
  isolatte::logic::map_progress map{{.at_most = 3}};
  take_all(map);
  BOOST_TEST(!map.ended(2, end::shortage).settled);
  BOOST_TEST(map.limit() == 2U);
  BOOST_TEST(map.done() == 0U);
  check(map, step::wait);
  map.ended(0, end::success);
  check(map, step::retry);
  BOOST_TEST(map.retry() == 2U);
  check(map, step::wait);
}

BOOST_AUTO_TEST_CASE(gives_up_a_job_that_finds_no_room_alone) {
  isolatte::logic::map_progress map{{.at_most = 3, .total = 3}};
  take_all(map);
  BOOST_TEST(map.ended(0, end::shortage).settled);
  BOOST_TEST(!map.ended(1, end::shortage).settled);
  BOOST_TEST(!map.ended(2, end::shortage).settled);
  check(map, step::retry);
  BOOST_TEST(map.retry() == 1U);
  check(map, step::wait);
  BOOST_TEST(map.ended(1, end::shortage).settled);
  check(map, step::retry);
  BOOST_TEST(map.retry() == 2U);
  BOOST_TEST(map.ended(2, end::success).settled);
  check(map, step::take);
  map.exhausted();
  check(map, step::complete);
  BOOST_TEST(map.done() == 3U);
}

BOOST_AUTO_TEST_CASE(lets_more_run_again_little_by_little) {
  isolatte::logic::map_progress map{{.at_most = 4}};
  take_all(map);
  map.ended(3, end::shortage);
  map.ended(2, end::shortage);
  BOOST_TEST(map.limit() == 2U);
  map.ended(0, end::success);
  BOOST_TEST(map.limit() == 2U);
  map.ended(1, end::failure);
  BOOST_TEST(map.limit() == 3U);
  BOOST_TEST(map.retry() == 3U);
  BOOST_TEST(map.retry() == 2U);
  BOOST_TEST(take_all(map) == 1U);
  for (std::size_t const index : {2, 3}) {
    map.ended(index, end::success);
    BOOST_TEST(map.limit() == 3U);
  }
  map.ended(4, end::success);
  BOOST_TEST(map.limit() == 4U);
  BOOST_TEST(take_all(map) == 4U);
  for (std::size_t index = 5; index != 9; ++index) map.ended(index, end::success);
  BOOST_TEST(map.limit() == 4U);
}

BOOST_AUTO_TEST_CASE(counts_no_end_before_the_last_shortage) {
  isolatte::logic::map_progress map{{.at_most = 6}};
  take_all(map);
  map.ended(5, end::shortage);
  map.ended(0, end::success);
  map.ended(4, end::shortage);
  BOOST_TEST(map.limit() == 3U);
  map.ended(1, end::success);
  map.ended(2, end::success);
  BOOST_TEST(map.limit() == 3U);
  map.ended(3, end::success);
  BOOST_TEST(map.limit() == 4U);
}

BOOST_AUTO_TEST_CASE(counts_no_end_by_a_shortage) {
  isolatte::logic::map_progress map{{.at_most = 3}};
  take_all(map);
  map.ended(1, end::shortage);
  BOOST_TEST(map.ended(0, end::shortage).settled);
  map.ended(2, end::success);
  BOOST_TEST(map.limit() == 2U);
}

BOOST_AUTO_TEST_CASE(a_job_was_started_alone_whatever_has_begun_and_ended_since) {
  isolatte::logic::map_progress map{{.at_most = 2}};
  take_all(map);
  map.ended(1, end::success);
  BOOST_TEST(map.take() == 2U);
  BOOST_TEST(map.ended(0, end::shortage).settled);
  BOOST_TEST(!map.ended(2, end::shortage).settled);
}

BOOST_AUTO_TEST_CASE(takes_a_final_shortage_for_a_failure) {
  isolatte::logic::map_progress map{{.at_most = 1, .stop_on_error = true}};
  map.take();
  BOOST_TEST(map.ended(0, end::shortage).settled);
  check(map, step::complete);
}

BOOST_AUTO_TEST_CASE(tries_nothing_again_when_it_stops) {
  for (bool const cancelled : {false, true}) {
    isolatte::logic::map_progress map{{.at_most = 3, .stop_on_error = true, .total = 3}};
    take_all(map);
    BOOST_TEST(!map.ended(1, end::shortage).settled);
    if (cancelled)
      map.cancel();
    else
      map.ended(0, end::failure);
    BOOST_TEST(map.ended(2, end::shortage).settled);
    if (cancelled) map.ended(0, end::success);
    check(map, step::complete);
    // A job that waited has never run, so the cancellation left it undone.
    BOOST_TEST(map.aborted() == cancelled);
  }
}

BOOST_AUTO_TEST_CASE(jobs_wait_without_memory) {
  if (!isolatte::test::malloc_refuses) return;
  isolatte::logic::map_progress map{{.at_most = 1000}};
  for (int i = 0; i != 300; ++i) {
    map.make_room();
    map.take();
  }
  // The room doubles, so there is some for 512 jobs.
  bool is_refused = false;
  {
    isolatte::test::no_memory const none{2048};
    try {
      while (map.taken() != 600) {
        map.make_room();
        map.take();
      }
    } catch (const std::bad_alloc&) {
      is_refused = true;
    }
    while (map.under_way() != 1) map.ended(map.under_way() - 1, end::shortage);
  }
  BOOST_TEST(is_refused);
  BOOST_TEST(map.taken() == 512U);
  BOOST_TEST(map.limit() == 1U);
  check(map, step::wait);
  map.ended(0, end::success);
  check(map, step::retry);
  BOOST_TEST(map.retry() == 511U);
  BOOST_TEST(map.retry() == 510U);
}

// All events in random order

BOOST_AUTO_TEST_CASE(ends_each_job_once_whatever_happens) {
  for (unsigned seed = 0; seed != 3000; ++seed) {
    std::mt19937 random{seed};
    auto const below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
    std::size_t const size = below(12);
    std::size_t const at_most = 1 + below(5);
    bool const stop_on_error = below(3) == 0;
    bool const cancels = below(4) == 0;
    bool const fails = below(2) == 0;
    std::size_t const short_of = below(3);
    isolatte::logic::map_progress map{{.at_most = at_most, .stop_on_error = stop_on_error}};
    std::set<std::size_t> under_way;
    std::set<std::size_t> waiting;
    std::map<std::size_t, end> ended;
    std::size_t taken = 0;
    bool failed = false;
    bool cancelled = false;
    bool finished = false;
    for (int steps = 0; !finished; ++steps) {
      BOOST_REQUIRE(steps < 1000);
      if (cancels && !cancelled && below(20) == 0) {
        map.cancel();
        cancelled = true;
      }
      switch (map.next()) {
        case step::complete: finished = true; break;
        case step::take:
          BOOST_REQUIRE(!cancelled);
          BOOST_REQUIRE(!(failed && stop_on_error));
          if (taken == size) {
            map.exhausted();
            break;
          }
          map.make_room();
          BOOST_REQUIRE(map.take() == taken);
          under_way.insert(taken++);
          break;
        case step::retry: {
          std::size_t const index = map.retry();
          BOOST_REQUIRE(waiting.erase(index) == 1U);
          BOOST_REQUIRE(under_way.insert(index).second);
          break;
        }
        case step::wait: {
          BOOST_REQUIRE(!under_way.empty());
          auto const which =
              std::next(under_way.begin(), static_cast<std::ptrdiff_t>(below(under_way.size())));
          std::size_t const index = *which;
          bool const is_short = under_way.size() > short_of && below(3) == 0;
          end const how = is_short             ? end::shortage
                          : cancelled          ? end::aborted
                          : fails && !below(4) ? end::failure
                                               : end::success;
          under_way.erase(which);
          if (map.ended(index, how).settled) {
            BOOST_REQUIRE(ended.emplace(index, how).second);
            failed = failed || how != end::success;
          } else {
            BOOST_REQUIRE(how == end::shortage);
            waiting.insert(index);
          }
          break;
        }
      }
      BOOST_REQUIRE(under_way.size() == map.under_way());
      BOOST_REQUIRE(under_way.size() <= at_most);
    }
    BOOST_REQUIRE(under_way.empty());
    BOOST_REQUIRE(map.done() == ended.size());
    if (!cancelled && !(failed && stop_on_error)) {
      BOOST_REQUIRE(ended.size() == size);
      BOOST_REQUIRE(map.total() == size);
    }
    BOOST_REQUIRE(!map.aborted() || cancelled);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace map_progress_test
