// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "pool_world.hpp"

#include <boost/test/unit_test.hpp>

#include <optional>

namespace pool_counts_test {

using namespace pool_world;

BOOST_AUTO_TEST_SUITE(pool_counts)

// Jobs

BOOST_AUTO_TEST_CASE(a_job_that_is_given_twice_has_started_once) {
  pool w{{.workers = 1}};
  w.submit();
  BOOST_TEST(w.machine.jobs_started() == 1u);
  w.die(w.nth(0));
  w.all_ready();
  BOOST_TEST(w.only().jobs().size() == 1u);
  BOOST_TEST(w.machine.jobs_started() == 1u);
  w.submit();
  BOOST_TEST(w.machine.jobs_started() == 2u);
}

BOOST_AUTO_TEST_CASE(a_job_that_waits_has_not_started) {
  world w{{.workers = 1}};
  w.submit();
  BOOST_TEST(w.machine.jobs_started() == 0u);
  BOOST_TEST(w.machine.waiting() == 1u);
}

// Workers

BOOST_AUTO_TEST_CASE(the_end_of_a_worker_tells_whether_it_has_started) {
  for (auto const why : {worker_end::by_itself, worker_end::refused, worker_end::unprepared}) {
    world w{{.workers = 1}};
    w.die(w.nth(0), why);
    BOOST_TEST(w.has_failed_to_start);
    BOOST_TEST(w.machine.restarts() == 0u);
  }
  world w{{.workers = 1}};
  w.die(w.nth(0), worker_end::with_server);
  BOOST_TEST(!w.has_failed_to_start);
}

BOOST_AUTO_TEST_CASE(a_worker_of_use_has_started) {
  pool with_job{{.workers = 1}};
  with_job.submit();
  with_job.die(with_job.nth(0));
  BOOST_TEST(!with_job.has_failed_to_start);
  pool without_job{{.workers = 1}};
  without_job.die(without_job.nth(0));
  BOOST_TEST(without_job.has_failed_to_start);
  pool retired{{.workers = 1}};
  retired.retire(retired.only());
  retired.die(retired.nth(0));
  BOOST_TEST(!retired.has_failed_to_start);
}

BOOST_AUTO_TEST_CASE(a_worker_that_the_pool_ends_has_not_failed) {
  world stopped{{.workers = 1}};
  stopped.stop();
  stopped.die(stopped.nth(0));
  BOOST_TEST(!stopped.has_failed_to_start);
  world recycled{{.workers = 1}};
  recycled.recycle();
  recycled.die(recycled.nth(0));
  BOOST_TEST(!recycled.has_failed_to_start);
}

BOOST_AUTO_TEST_CASE(a_worker_that_is_too_late_has_failed_once) {
  world w{{.workers = 1, .startup = {.timeout = 1s, .give_up_after = 2}}};
  w.pass(1s);
  BOOST_TEST((w.nth(0).stopped_for() == stop_cause::start_timeout));
  w.obey();
  BOOST_TEST(w.has_failed_to_start);
  BOOST_TEST(!w.machine.has_given_up());
  w.pass(100ms);
  BOOST_TEST(w.machine.workers() == 1u);
}

BOOST_AUTO_TEST_CASE(a_worker_whose_start_fails_has_failed_once) {
  world w{{.workers = 1, .startup = {.give_up_after = 2}}};
  w.fail(w.nth(0));
  BOOST_TEST(w.has_failed_to_start);
  BOOST_TEST(!w.machine.has_given_up());
  w.pass(100ms);
  w.fail(w.nth(0));
  BOOST_TEST(w.machine.has_given_up());
}

BOOST_AUTO_TEST_CASE(a_replacement_that_does_not_come_is_no_restart) {
  pool w{{.workers = 1}};
  w.submit();
  w.do_one(w.only());
  w.die(w.nth(0));
  BOOST_TEST(w.machine.restarts() == 1u);
  // The replacement is replaced, which is the same restart.
  w.die(w.nth(0));
  BOOST_TEST(w.machine.restarts() == 0u);
  w.pass(100ms);
  BOOST_TEST(w.machine.workers() == 1u);
  BOOST_TEST(w.machine.restarts() == 1u);
  w.ready(w.only());
  w.submit();
  w.die(w.nth(0));
  BOOST_TEST(w.machine.restarts() == 2u);
}

BOOST_AUTO_TEST_CASE(a_worker_that_could_not_be_prepared_is_no_restart) {
  for (auto const why : {worker_end::refused, worker_end::unprepared}) {
    pool w{{.workers = 1}};
    w.die(w.nth(0), why);
    w.pass(10s);
    BOOST_TEST(w.machine.workers() == 1u);
    BOOST_TEST(w.machine.restarts() == 0u);
  }
}

BOOST_AUTO_TEST_CASE(workers_that_are_idle_leave_down_to_the_least) {
  pool w{{.workers = 3, .idle_timeout = 1s, .min_workers = 2}};
  for (int i = 0; i != 3; ++i) w.submit();
  w.all_ready();
  BOOST_TEST(w.able() == 3u);
  for (auto* const who : w.all()) w.do_one(*who);
  BOOST_TEST((w.machine.wakeup() == w.now + 1s));
  w.pass(1s - 1ns);
  BOOST_TEST(w.able() == 3u);
  w.pass(1ns);
  BOOST_TEST(w.able() == 2u);
  w.obey();
  for (int i = 0; i != 5; ++i) w.pass(1h);
  BOOST_TEST(w.able() == 2u);
}

BOOST_AUTO_TEST_CASE(a_pool_that_is_stopped_twice_ends_its_workers_once) {
  pool w{{.workers = 1}};
  w.stop();
  BOOST_TEST(w.last_stop.worker == &w.nth(0));
  w.last_stop = {};
  w.stop();
  BOOST_TEST(!w.last_stop.worker);
}

// Copies of the program

BOOST_AUTO_TEST_CASE(a_copy_starts_its_workers_as_if_none_had_failed) {
  world w{{.workers = 1}};
  w.die(w.nth(0));
  BOOST_TEST(w.machine.workers() == 0u);
  w.disown();
  w.submit();
  BOOST_TEST(w.machine.workers() == 1u);
}

BOOST_AUTO_TEST_CASE(a_copy_replaces_no_worker_of_the_original) {
  pool w{{.workers = 1}};
  w.submit();
  w.do_one(w.only());
  w.refusals = 1;
  w.die(w.nth(0));
  BOOST_TEST(w.machine.workers() == 0u);
  w.disown();
  w.submit();
  BOOST_TEST(w.machine.workers() == 1u);
  BOOST_TEST(w.machine.restarts() == 0u);
}

BOOST_AUTO_TEST_CASE(a_copy_of_a_pool_that_recycles_recycles_nothing) {
  pool w{{.workers = 2}};
  w.recycle();
  BOOST_TEST(w.machine.recycling());
  w.disown();
  BOOST_TEST(!w.machine.recycling());
  BOOST_TEST(!w.machine.can_go_back());
}

// A machine that is abandoned

/// A machine with a job or a worker in each of its lists.
struct crowded {
  crowded() {
    BOOST_REQUIRE((machine.next().what == kind::start_worker));
    machine.started(who, std::nullopt, now);
    BOOST_REQUIRE((machine.next().what == kind::rest));
    machine.ready(who, now);
    machine.submit(given, now);
    BOOST_REQUIRE((machine.next().what == kind::give));
    machine.submit(waits, now);
    machine.submit(outside, now);
    machine.submit_errand(errand, who, now);
    machine.submit(refused, now);
    machine.cancel(given, cancel_kind::terminate, now);
    machine.malformed(who);
  }

  moment now{1h};
  isolatte::logic::pool_machine machine{{.workers = 1, .max_queued = 1, .attributes_output = true}};
  worker who{1};
  job given{0, std::nullopt, 0ns, {}};
  job waits{1, std::nullopt, 0ns, {.rank = {.deadline = moment{2h}}}};
  job outside{2, std::nullopt, 0ns, {.waits_for_room = true}};
  job errand{3, std::nullopt, 0ns, {}};
  job refused{4, std::nullopt, 0ns, {}};
};

BOOST_AUTO_TEST_CASE(an_abandoned_machine_asks_for_nothing) {
  crowded c;
  BOOST_TEST((c.machine.wakeup() <= moment{2h}));
  c.machine.abandon();
  BOOST_TEST(c.machine.stopped());
  BOOST_TEST((c.machine.next().what == kind::rest));
  BOOST_TEST(c.machine.idle());
  BOOST_TEST(c.machine.waiting() == 0u);
  BOOST_TEST(c.machine.running() == 0u);
  BOOST_TEST(c.machine.workers() == 0u);
  BOOST_TEST(c.who.jobs().empty());
  for (auto const* const each : {&c.given, &c.outside, &c.errand, &c.refused})
    BOOST_TEST(!each->is_linked());
  c.machine.tick(moment{3h});
  BOOST_TEST((c.machine.next().what == kind::rest));
  BOOST_TEST((c.machine.wakeup() == moment::max()));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace pool_counts_test
