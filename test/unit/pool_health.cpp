// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "pool_world.hpp"

#include <boost/test/unit_test.hpp>

namespace pool_health_test {

using namespace pool_world;

constexpr recycle_policy careful{.checks_health = true};

bool has_check(worker& who) { return who.first() && who.first()->is_check(); }

BOOST_AUTO_TEST_SUITE(pool_health)

BOOST_AUTO_TEST_CASE(a_worker_is_asked_for_its_health_before_its_next_job) {
  pool w{{.workers = 1, .recycle = careful}};
  job& first = w.submit();
  job& next = w.submit();
  w.do_one(w.only());
  BOOST_TEST(first.became == fate::replied);
  BOOST_TEST(has_check(w.only()));
  BOOST_TEST(!next.worker());
  // A check is no job of the program's.
  BOOST_TEST(w.machine.running() == 0u);
  BOOST_TEST(w.machine.waiting() == 1u);
  BOOST_TEST(w.machine.jobs_started() == 1u);
  w.do_one(w.only());
  BOOST_TEST(next.worker() == &w.only());
  BOOST_TEST(w.machine.running() == 1u);
  BOOST_TEST(w.machine.waiting() == 0u);
  BOOST_TEST(w.machine.restarts() == 0u);
}

BOOST_AUTO_TEST_CASE(a_worker_that_is_not_healthy_is_replaced) {
  pool w{{.workers = 1, .recycle = careful}};
  worker& ill = w.only();
  ill.healthy = false;
  w.submit();
  job& next = w.submit();
  w.do_one(ill);
  BOOST_TEST(!ill.told_to_retire);
  w.do_one(ill);
  BOOST_TEST(ill.told_to_retire);
  BOOST_TEST((ill.retires_for() == retire_cause::unhealthy));
  BOOST_TEST(!next.worker());
  w.obey();
  w.all_ready();
  BOOST_TEST(w.machine.restarts() == 1u);
  w.do_one(w.only());
  BOOST_TEST(next.became == fate::replied);
}

BOOST_AUTO_TEST_CASE(each_job_is_followed_by_one_check) {
  pool w{{.workers = 1, .recycle = careful}};
  for (int i = 0; i != 3; ++i) {
    w.submit();
    BOOST_TEST(!has_check(w.only()));
    w.do_one(w.only());
    BOOST_TEST(has_check(w.only()));
    w.do_one(w.only());
    BOOST_TEST(w.only().jobs().empty());
  }
  BOOST_TEST(w.machine.idle());
}

BOOST_AUTO_TEST_CASE(an_errand_is_followed_by_no_check) {
  pool w{{.workers = 1, .recycle = careful}};
  w.errand(w.only());
  w.do_one(w.only());
  BOOST_TEST(w.only().jobs().empty());
}

BOOST_AUTO_TEST_CASE(a_worker_that_is_to_leave_is_not_asked) {
  pool w{{.workers = 1, .max_jobs_per_worker = 1, .recycle = careful}};
  worker& old = w.nth(0);
  w.submit();
  w.do_one(old);
  BOOST_TEST(old.told_to_retire);
  BOOST_TEST(old.jobs().empty());
  BOOST_TEST((old.retires_for() == retire_cause::max_jobs));
}

BOOST_AUTO_TEST_CASE(a_worker_without_checks_goes_on_at_once) {
  pool w{{.workers = 1}};
  w.submit();
  job& next = w.submit();
  w.do_one(w.only());
  BOOST_TEST(next.worker() == &w.only());
  BOOST_TEST(!has_check(w.only()));
}

BOOST_AUTO_TEST_CASE(an_errand_waits_for_the_check) {
  pool w{{.workers = 1, .recycle = careful}};
  w.submit();
  w.begin(w.only());
  job& errand = w.errand(w.only());
  w.do_one(w.only());
  BOOST_TEST(has_check(w.only()));
  BOOST_TEST(!errand.worker());
  BOOST_TEST(w.machine.waiting() == 1u);
  w.do_one(w.only());
  BOOST_TEST(errand.worker() == &w.only());
}

BOOST_AUTO_TEST_CASE(a_worker_that_dies_of_its_check_takes_no_job_along) {
  pool w{{.workers = 1, .recycle = careful}};
  w.submit();
  job& next = w.submit();
  w.do_one(w.only());
  BOOST_TEST(has_check(w.only()));
  w.begin(w.only());
  w.die(w.nth(0));
  BOOST_TEST(w.machine.running() == 0u);
  BOOST_TEST(w.machine.waiting() == 1u);
  w.all_ready();
  w.do_one(w.only());
  BOOST_TEST(next.became == fate::replied);
  BOOST_TEST(w.machine.restarts() == 1u);
}

BOOST_AUTO_TEST_CASE(a_worker_that_dies_before_its_check_begins_takes_no_job_along) {
  pool w{{.workers = 1, .recycle = careful}};
  w.submit();
  job& next = w.submit();
  w.do_one(w.only());
  w.die(w.nth(0));
  BOOST_TEST(w.machine.running() == 0u);
  BOOST_TEST(w.machine.waiting() == 1u);
  w.all_ready();
  BOOST_TEST(next.worker() == &w.only());
}

BOOST_AUTO_TEST_CASE(an_answer_after_the_worker_was_told_to_leave_changes_nothing) {
  pool w{{.workers = 1, .recycle = careful}};
  worker& one = w.only();
  one.healthy = false;
  w.submit();
  w.do_one(one);
  BOOST_TEST(has_check(one));
  w.stop();
  w.do_one(one);
  BOOST_TEST((one.stopped_for() == stop_cause::pool_stopped));
  BOOST_TEST((one.retires_for() == retire_cause::none));
}

// A driver uses the same job for all checks of one worker.
BOOST_AUTO_TEST_CASE(a_check_that_is_used_again_is_as_good_as_new) {
  job check{-1, std::nullopt, 0s, {}};
  pool w{{.workers = 1}};
  for (int i = 0; i != 2; ++i) {
    w.machine.submit_check(check, w.only(), w.now);
    w.hear(w.only());
    BOOST_TEST(!check.done());
    BOOST_TEST(check.is_check());
    BOOST_TEST((check.stopped_for() == stop_cause::none));
    BOOST_TEST(w.only().first() == &check);
    w.do_one(w.only());
    BOOST_TEST(check.done());
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace pool_health_test
