// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "pool_world.hpp"

#include <boost/test/unit_test.hpp>

namespace pool_errands_test {

using namespace pool_world;

BOOST_AUTO_TEST_SUITE(pool_errands)

BOOST_AUTO_TEST_CASE(an_errand_goes_to_its_worker_though_others_are_idle) {
  pool w{{.workers = 3}};
  job& errand = w.errand(w.nth(1));
  BOOST_TEST(errand.worker() == &w.nth(1));
  w.do_one(w.nth(1));
  BOOST_TEST(errand.became == fate::replied);
  BOOST_TEST(w.machine.idle());
}

BOOST_AUTO_TEST_CASE(an_errand_waits_for_its_worker_and_for_no_other) {
  pool w{{.workers = 2, .attributes_output = true}};
  w.submit();
  worker& busy = *static_cast<worker*>(w.jobs.front().worker());
  w.begin(busy);
  job& errand = w.errand(busy);
  BOOST_TEST(!errand.worker());
  BOOST_TEST(w.machine.waiting() == 1u);
  w.do_one(busy);
  BOOST_TEST(errand.worker() == &busy);
  BOOST_TEST(w.machine.waiting() == 0u);
  BOOST_TEST(w.machine.running() == 1u);
}

BOOST_AUTO_TEST_CASE(an_errand_comes_before_jobs_that_wait) {
  pool w{{.workers = 1, .attributes_output = true}};
  w.submit();
  w.begin(w.only());
  job& waits = w.submit();
  job& errand = w.errand(w.only());
  w.do_one(w.only());
  BOOST_TEST(errand.worker() == &w.only());
  BOOST_TEST(!waits.worker());
  w.do_one(w.only());
  BOOST_TEST(waits.worker() == &w.only());
}

BOOST_AUTO_TEST_CASE(an_errand_of_a_worker_that_is_full_holds_up_no_other) {
  pool w{{.workers = 2, .attributes_output = true}};
  w.submit();
  worker& busy = *static_cast<worker*>(w.jobs.front().worker());
  worker& idle = &busy == &w.nth(0) ? w.nth(1) : w.nth(0);
  job& waits = w.errand(busy);
  job& goes = w.errand(idle);
  BOOST_TEST(!waits.worker());
  BOOST_TEST(goes.worker() == &idle);
}

BOOST_AUTO_TEST_CASE(errands_of_one_worker_keep_their_order) {
  pool w{{.workers = 1, .attributes_output = true}};
  w.submit();
  w.begin(w.only());
  job& cancelled = w.errand(w.only());
  job& first = w.errand(w.only());
  job& second = w.errand(w.only());
  w.cancel(cancelled);
  BOOST_TEST(cancelled.became == fate::cancelled);
  BOOST_TEST(w.machine.waiting() == 2u);
  w.do_one(w.only());
  BOOST_TEST(first.worker() == &w.only());
  BOOST_TEST(!second.worker());
  w.do_one(w.only());
  BOOST_TEST(second.worker() == &w.only());
}

BOOST_AUTO_TEST_CASE(an_errand_waits_for_a_worker_that_is_not_ready) {
  world w{{.workers = 1}};
  job& errand = w.errand(w.only());
  BOOST_TEST(!errand.worker());
  w.ready(w.only());
  BOOST_TEST(errand.worker() == &w.only());
}

BOOST_AUTO_TEST_CASE(an_errand_does_not_wear_its_worker) {
  pool w{{.workers = 1, .max_jobs_per_worker = 1}};
  worker& one = w.nth(0);
  for (int i = 0; i != 3; ++i) {
    w.errand(one);
    w.do_one(one);
    BOOST_TEST(one.stays());
  }
  w.submit();
  w.do_one(one);
  BOOST_TEST(!one.stays());
}

BOOST_AUTO_TEST_CASE(an_errand_expires_where_it_waits) {
  pool w{{.workers = 1, .attributes_output = true}};
  w.submit();
  w.begin(w.only());
  job& errand = w.errand(w.only(), {}, 0s, {.rank = {.deadline = w.now + 10ms}});
  BOOST_TEST((w.machine.wakeup() <= w.now + 10ms));
  w.pass(10ms);
  BOOST_TEST(errand.became == fate::expired);
  w.do_one(w.only());
  BOOST_TEST(errand.begun == 0);
  BOOST_TEST(w.machine.idle());
}

BOOST_AUTO_TEST_CASE(an_errand_that_comes_at_its_deadline_is_too_late) {
  pool w{{.workers = 1}};
  BOOST_TEST(w.errand(w.only(), {}, 0s, {.rank = {.deadline = w.now}}).became == fate::expired);
  BOOST_TEST(w.errand(w.only(), {}, 0s, {.rank = {.deadline = w.now + 1ns}}).became ==
             fate::waiting);
}

BOOST_AUTO_TEST_CASE(an_errand_brings_its_time) {
  pool w{{.workers = 1}};
  w.now += 3s;
  w.errand(w.only());
  BOOST_TEST((w.only().first_since() == w.now));
}

BOOST_AUTO_TEST_CASE(an_errand_for_a_worker_that_leaves_is_refused) {
  pool w{{.workers = 1}};
  worker& old = w.nth(0);
  w.submit();
  w.begin(old);
  w.retire(old);
  // The worker still has a job.
  BOOST_TEST(!old.told_to_retire);
  BOOST_TEST(w.errand(old).became == fate::worker_gone);
  w.do_one(old);
  BOOST_TEST(old.told_to_retire);
  BOOST_TEST(w.errand(old).became == fate::worker_gone);
}

BOOST_AUTO_TEST_CASE(errands_that_wait_end_when_their_worker_is_to_leave) {
  pool w{{.workers = 1, .attributes_output = true}};
  worker& old = w.nth(0);
  w.submit();
  w.begin(old);
  job& first = w.errand(old);
  job& second = w.errand(old);
  w.retire(old);
  BOOST_TEST(first.became == fate::worker_gone);
  BOOST_TEST(second.became == fate::worker_gone);
  BOOST_TEST(w.machine.waiting() == 0u);
}

BOOST_AUTO_TEST_CASE(errands_that_wait_end_with_their_worker) {
  pool w{{.workers = 1, .attributes_output = true}};
  w.submit();
  w.begin(w.only());
  job& errand = w.errand(w.only());
  w.die(w.nth(0));
  BOOST_TEST(errand.became == fate::worker_gone);
}

BOOST_AUTO_TEST_CASE(an_errand_that_was_not_begun_is_not_given_to_another_worker) {
  pool w{{.workers = 2}};
  w.submit();
  worker& busy = *static_cast<worker*>(w.jobs.front().worker());
  w.begin(busy);
  job& errand = w.errand(busy);
  BOOST_TEST(errand.worker() == &busy);
  w.die(busy);
  BOOST_TEST(errand.became == fate::worker_gone);
  BOOST_TEST(errand.begun == 0);
}

BOOST_AUTO_TEST_CASE(an_idle_worker_takes_no_errand_of_another) {
  pool w{{.workers = 2}};
  w.submit();
  worker& busy = *static_cast<worker*>(w.jobs.front().worker());
  w.begin(busy);
  job& errand = w.errand(busy);
  w.pass(1s);
  BOOST_TEST(errand.worker() == &busy);
}

BOOST_AUTO_TEST_CASE(a_pool_that_is_stopped_takes_no_errands) {
  pool w{{.workers = 1, .attributes_output = true}};
  worker& one = w.nth(0);
  w.submit();
  w.begin(one);
  job& waits = w.errand(one);
  w.stop();
  BOOST_TEST(waits.became == fate::pool_stopped);
  BOOST_TEST(w.errand(one).became == fate::pool_stopped);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace pool_errands_test
