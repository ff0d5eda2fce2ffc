// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "pool_world.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>

namespace pool_seats_test {

using namespace pool_world;

constexpr pool_policy from_start{.workers = 3, .seats = seating::at_start};

/// The slot of the last worker that was started.
std::size_t latest(world& w) { return w.all().back()->seat().value_or(99); }

BOOST_AUTO_TEST_SUITE(pool_seats)

BOOST_AUTO_TEST_CASE(a_worker_has_its_slot_when_it_is_ready_or_from_its_start) {
  for (auto const seats : {seating::when_ready, seating::at_start, seating::until_end}) {
    world w{{.workers = 3, .seats = seats}};
    for (std::size_t i = 0; i != 3; ++i)
      BOOST_TEST(w.nth(i).seat().has_value() == (seats != seating::when_ready));
    // Workers that are ready first have the first ones, unless they have theirs already.
    w.ready(w.nth(2));
    w.ready(w.nth(0));
    w.ready(w.nth(1));
    bool const from_their_start = seats != seating::when_ready;
    BOOST_TEST(w.nth(2).seat().value() == (from_their_start ? 2u : 0u));
    BOOST_TEST(w.nth(0).seat().value() == (from_their_start ? 0u : 1u));
    BOOST_TEST(w.nth(1).seat().value() == (from_their_start ? 1u : 2u));
  }
}

BOOST_AUTO_TEST_CASE(of_equal_slots_the_first_is_recycled_first) {
  pool w{from_start};
  w.recycle();
  BOOST_TEST(latest(w) == 0u);
}

BOOST_AUTO_TEST_CASE(the_slot_of_the_worker_that_was_started_first_is_recycled_first) {
  pool w{from_start};
  w.pass(1min);
  w.errand(w.nth(0));
  w.begin(w.nth(0));
  w.die(w.nth(0));
  BOOST_TEST(latest(w) == 0u);
  w.all_ready();
  w.recycle();
  BOOST_TEST(latest(w) == 1u);
}

BOOST_AUTO_TEST_CASE(the_slot_of_an_idle_worker_is_recycled_before_that_of_a_busy_one) {
  for (std::size_t idle = 0; idle != 3; ++idle) {
    pool w{from_start};
    for (std::size_t i = 0; i != 3; ++i)
      if (i != idle) {
        w.errand(w.nth(i));
        w.begin(w.nth(i));
      }
    w.recycle();
    BOOST_TEST(latest(w) == idle);
    w.all_ready();
    BOOST_TEST(w.nth(idle).told_to_retire);
  }
}

BOOST_AUTO_TEST_CASE(a_replacement_takes_the_seat_of_the_one_it_replaces) {
  pool w{{.workers = 1, .seats = seating::at_start}};
  worker& old = w.nth(0);
  w.recycle();
  worker& fresh = w.nth(1);
  BOOST_TEST(fresh.seat().value() == 0u);
  w.ready(fresh);
  BOOST_TEST(old.told_to_retire);
  BOOST_TEST(w.submit().worker() == &fresh);
}

BOOST_AUTO_TEST_CASE(a_replacement_waits_for_the_seat_of_a_worker_that_has_a_job) {
  pool w{{.workers = 1, .seats = seating::at_start}};
  worker& old = w.nth(0);
  w.submit();
  w.begin(old);
  w.recycle();
  worker& fresh = w.nth(1);
  w.ready(fresh);
  BOOST_TEST(!old.stays());
  job& waits = w.submit();
  BOOST_TEST(!waits.worker());
  w.do_one(old);
  BOOST_TEST(old.told_to_retire);
  BOOST_TEST(waits.worker() == &fresh);
}

// Slots that are in use until the end

BOOST_AUTO_TEST_CASE(a_slot_is_in_use_until_its_worker_has_ended) {
  pool w{{.workers = 1, .seats = seating::until_end}};
  worker& old = w.nth(0);
  w.retire(old);
  BOOST_TEST(old.told_to_retire);
  job& waits = w.submit();
  BOOST_TEST(w.machine.workers() == 1u);
  w.pass(10s);
  BOOST_TEST(old.signalled.has_value());
  BOOST_TEST(w.machine.workers() == 1u);
  w.obey();
  BOOST_TEST(w.machine.workers() == 1u);
  BOOST_TEST(latest(w) == 0u);
  w.all_ready();
  w.do_one(w.only());
  BOOST_TEST(waits.became == fate::replied);
}

BOOST_AUTO_TEST_CASE(a_worker_that_leaves_gives_its_slot_to_others_at_once) {
  for (auto const seats : {seating::when_ready, seating::at_start}) {
    pool w{{.workers = 1, .seats = seats}};
    w.retire(w.nth(0));
    BOOST_TEST(w.machine.workers() == 2u);
    job& next = w.submit();
    w.ready(w.nth(1));
    BOOST_TEST(next.worker() == &w.nth(1));
  }
}

BOOST_AUTO_TEST_CASE(a_slot_in_use_is_shared_with_a_replacement_alone) {
  pool w{{.workers = 2, .seats = seating::until_end}};
  w.recycle();
  BOOST_TEST(w.machine.workers() == 3u);
  BOOST_TEST(latest(w) == 0u);
  worker& first = w.nth(0);
  w.ready(w.nth(2));
  BOOST_TEST(first.told_to_retire);
  // The next replacement does not come to the same slot, where two are.
  BOOST_TEST(w.machine.workers() == 4u);
  BOOST_TEST(latest(w) == 1u);
  job& waits = w.submit();
  BOOST_TEST(waits.worker() == &w.nth(1));
  w.obey();
  w.all_ready();
  w.do_one(w.nth(0));
  w.obey();
  BOOST_TEST(!w.machine.recycling());
  BOOST_TEST(w.able() == 2u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace pool_seats_test
