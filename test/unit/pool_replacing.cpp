// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "pool_world.hpp"

#include <boost/test/unit_test.hpp>

namespace pool_replacing_test {

using namespace pool_world;

BOOST_AUTO_TEST_SUITE(pool_replacing)

BOOST_AUTO_TEST_CASE(an_idle_worker_is_replaced_before_a_busy_one) {
  for (bool const first_is_busy : {false, true}) {
    pool w{{.workers = 2}};
    worker& first = w.nth(0);
    worker& second = w.nth(1);
    worker& busy = first_is_busy ? first : second;
    worker& idle = first_is_busy ? second : first;
    w.errand(busy);
    w.begin(busy);
    w.recycle();
    w.ready(w.nth(2));
    BOOST_TEST(idle.told_to_retire);
    BOOST_TEST(busy.stays());
  }
}

BOOST_AUTO_TEST_CASE(of_workers_that_are_equal_the_oldest_is_replaced_first) {
  pool w{{.workers = 3}};
  w.recycle();
  for (std::size_t i = 0; i != 3; ++i) {
    BOOST_TEST(!w.nth(i).told_to_retire);
    w.ready(w.nth(3 + i));
    BOOST_TEST(w.nth(i).told_to_retire);
  }
  BOOST_TEST(!w.machine.recycling());
  BOOST_TEST(w.machine.restarts() == 3u);
}

BOOST_AUTO_TEST_CASE(workers_of_before_are_replaced_first_though_they_are_busy) {
  pool w{{.workers = 2, .recycle = {.memory_growth = 10}}};
  worker& first = w.nth(0);
  worker& second = w.nth(1);
  w.recycle();
  worker& fresh = w.nth(2);
  w.ready(fresh);
  BOOST_TEST(first.told_to_retire);
  w.errand(second);
  w.begin(second);
  fresh.memory = {.own = 100, .at_start = 1};
  w.errand(fresh);
  w.do_one(fresh);
  BOOST_TEST((fresh.retires_for() == retire_cause::memory_growth));
  w.ready(w.nth(3));
  BOOST_TEST(!second.stays());
  BOOST_TEST((second.retires_for() == retire_cause::recycled));
  BOOST_TEST(fresh.stays());
  w.do_one(second);
  BOOST_TEST(second.told_to_retire);
  w.all_ready();
  w.obey();
  BOOST_TEST(!w.machine.recycling());
}

BOOST_AUTO_TEST_CASE(no_worker_is_replaced_before_another_one_is_ready) {
  pool w{{.workers = 2}};
  w.recycle();
  BOOST_TEST(w.machine.workers() == 3u);
  w.pass(1s);
  BOOST_TEST(w.able() == 2u);
  BOOST_TEST(!w.machine.proven());
  w.ready(w.nth(2));
  BOOST_TEST(w.machine.proven());
  BOOST_TEST(w.able() == 2u);
}

BOOST_AUTO_TEST_CASE(what_recycling_began_before_a_failure_ends_with_it) {
  pool w{{.workers = 2, .startup = {.give_up_after = 1}}};
  worker& first = w.nth(0);
  worker& second = w.nth(1);
  w.recycle();
  BOOST_TEST((first.retires_for() == retire_cause::recycled));
  w.die(w.nth(2));
  BOOST_TEST(w.times_gone_back == 1);
  BOOST_TEST(!w.machine.recycling());
  BOOST_TEST(!w.machine.can_go_back());
  BOOST_TEST(w.machine.proven());
  for (auto* const who : {&first, &second}) {
    BOOST_TEST(who->stays());
    BOOST_TEST((who->retires_for() == retire_cause::none));
  }
  w.pass(1h);
  BOOST_TEST(w.machine.workers() == 2u);
  BOOST_TEST(w.machine.restarts() == 0u);
  // A worker that ends later is no restart of one that was to be replaced.
  w.submit();
  w.begin(*static_cast<worker*>(w.jobs.back().worker()));
  w.die(*static_cast<worker*>(w.jobs.back().worker()));
  BOOST_TEST(w.machine.workers() == 2u);
  BOOST_TEST(w.machine.restarts() == 1u);
}

BOOST_AUTO_TEST_CASE(a_worker_that_is_too_old_stays_so_when_recycling_fails) {
  pool w{{.workers = 2, .startup = {.give_up_after = 1}, .recycle = {.memory_growth = 10}}};
  worker& grown = w.nth(0);
  worker& usual = w.nth(1);
  grown.memory = {.own = 100, .at_start = 1};
  w.errand(grown);
  w.do_one(grown);
  BOOST_TEST((grown.retires_for() == retire_cause::memory_growth));
  w.recycle();
  w.die(w.nth(2));
  w.obey();
  if (w.times_gone_back == 0) {
    w.pass(1s);
    w.die(w.nth(2));
  }
  BOOST_TEST(w.times_gone_back == 1);
  BOOST_TEST((grown.retires_for() == retire_cause::memory_growth));
  BOOST_TEST((usual.retires_for() == retire_cause::none));
  w.pass(1s);
  w.all_ready();
  BOOST_TEST(grown.told_to_retire);
  BOOST_TEST(usual.stays());
}

BOOST_AUTO_TEST_CASE(a_replacement_that_is_not_ready_ends_when_recycling_begins_anew) {
  pool w{{.workers = 1}};
  w.recycle();
  worker& outdated = w.nth(1);
  w.recycle();
  BOOST_TEST((outdated.stopped_for() == stop_cause::outdated));
  w.obey();
  w.all_ready();
  w.obey();
  BOOST_TEST(w.machine.workers() == 1u);
  BOOST_TEST(!w.machine.recycling());
}

// Another number of workers

BOOST_AUTO_TEST_CASE(a_pool_that_grows_seats_workers_that_wait) {
  pool w{{.workers = 1}};
  w.recycle();
  // The old worker has a job, so its replacement waits for the seat.
  w.errand(w.nth(0));
  w.begin(w.nth(0));
  w.ready(w.nth(1));
  w.resize(2);
  w.all_ready();
  BOOST_TEST(w.machine.size() == 2u);
  w.do_one(w.nth(0));
  w.obey();
  w.all_ready();
  BOOST_TEST(w.able() == 2u);
  job& one = w.submit();
  job& two = w.submit();
  BOOST_TEST(one.worker() != nullptr);
  BOOST_TEST(two.worker() != nullptr);
  BOOST_TEST(one.worker() != two.worker());
}

BOOST_AUTO_TEST_CASE(a_pool_that_shrinks_ends_workers_that_are_not_ready) {
  pool w{{.workers = 1}};
  w.resize(3);
  BOOST_TEST(w.machine.workers() == 3u);
  BOOST_TEST(!w.machine.stands());
  w.resize(1);
  w.obey();
  w.all_ready();
  w.obey();
  BOOST_TEST(w.machine.workers() == 1u);
  BOOST_TEST(w.machine.stands());
  BOOST_TEST(w.machine.restarts() == 0u);
}

BOOST_AUTO_TEST_CASE(a_pool_that_shrinks_twice_ends_each_worker_once) {
  pool w{{.workers = 3, .max_jobs_per_worker = 1}};
  BOOST_TEST(w.machine.workers() == 6u);
  // The last worker ahead of need has to leave after its errand.
  worker& spare = w.nth(5);
  BOOST_TEST(!spare.seat());
  job& errand = w.errand(spare);
  w.begin(spare);
  w.resize(2);
  BOOST_TEST((spare.retires_for() == retire_cause::resized));
  w.resize(1);
  w.obey();
  BOOST_TEST(!spare.told_to_retire);
  BOOST_TEST(w.able() == 2u);
  w.do_one(spare);
  BOOST_TEST(errand.became == fate::replied);
  w.obey();
  BOOST_TEST(w.machine.workers() == 2u);
  BOOST_TEST(w.machine.restarts() == 0u);
}

BOOST_AUTO_TEST_CASE(a_worker_that_is_one_too_many_does_its_job_first) {
  pool w{{.workers = 2}};
  w.submit();
  w.submit();
  for (auto* const who : w.all()) w.begin(*who);
  w.resize(1);
  BOOST_TEST(w.able() == 1u);
  BOOST_TEST(!w.machine.stands());
  worker& last = w.nth(1);
  BOOST_TEST(!last.told_to_retire);
  w.do_one(last);
  BOOST_TEST(last.told_to_retire);
  BOOST_TEST((last.retires_for() == retire_cause::resized));
  w.obey();
  BOOST_TEST(w.machine.stands());
  BOOST_TEST(w.machine.workers() == 1u);
  BOOST_TEST(w.machine.restarts() == 0u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace pool_replacing_test
