// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "pool_world.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <memory>
#include <optional>

namespace pool_times_test {

using namespace pool_world;

BOOST_AUTO_TEST_SUITE(pool_times)

// Each event brings its time, though no tick has come since the last one.

BOOST_AUTO_TEST_CASE(a_job_that_comes_brings_its_time) {
  pool w{{.workers = 1}};
  w.now += 1s;
  w.submit();
  BOOST_TEST((w.only().first_since() == w.now));
}

BOOST_AUTO_TEST_CASE(a_worker_that_is_ready_brings_its_time) {
  world w{{.workers = 1}};
  w.submit();
  w.now += 1s;
  w.ready(w.only());
  BOOST_TEST((w.only().first_since() == w.now));
}

BOOST_AUTO_TEST_CASE(a_reply_brings_its_time) {
  pool w{{.workers = 1}};
  w.submit();
  w.submit();
  w.now += 1s;
  w.do_one(w.only());
  BOOST_TEST((w.only().first_since() == w.now));
}

BOOST_AUTO_TEST_CASE(a_cancellation_brings_its_time) {
  pool w{{.workers = 1}};
  job& first = w.submit();
  w.submit();
  w.now += 1s;
  w.cancel(first);
  BOOST_TEST(first.became == fate::cancelled);
  BOOST_TEST((w.only().first_since() == w.now));
}

BOOST_AUTO_TEST_CASE(an_end_brings_its_time) {
  pool w{{.workers = 2, .attributes_output = true}};
  w.submit();
  w.submit();
  worker& other = w.nth(1);
  job& innocent = *static_cast<job*>(w.nth(0).first());
  w.now += 1s;
  w.do_one(other);
  w.now += 1s;
  w.die(w.nth(0));
  BOOST_TEST(innocent.worker() == &other);
  BOOST_TEST((other.first_since() == w.now));
}

BOOST_AUTO_TEST_CASE(a_start_that_is_refused_brings_its_time) {
  pool w{{.workers = 1, .max_worker_memory = 100}};
  worker& old = w.only();
  old.memory = {.own = 101};
  w.submit();
  job& waits = w.submit();
  w.do_one(old);
  BOOST_TEST(!waits.worker());
  w.now += 1s;
  w.die(w.nth(1), worker_end::refused);
  BOOST_TEST(waits.worker() == &old);
  BOOST_TEST((old.first_since() == w.now));
}

BOOST_AUTO_TEST_CASE(a_start_that_fails_brings_its_time) {
  pool w{{.workers = 1, .max_worker_memory = 100}};
  worker& old = w.only();
  old.memory = {.own = 101};
  w.submit();
  job& waits = w.submit();
  w.do_one(old);
  BOOST_TEST(!waits.worker());
  w.now += 1s;
  // The worker itself may take a while to leave.
  w.machine.start_failed(w.nth(1), w.now);
  w.hear(w.nth(1));
  BOOST_TEST(w.nth(1).told_to_retire);
  BOOST_TEST((w.nth(1).retires_for() == retire_cause::not_started));
  BOOST_TEST(waits.worker() == &old);
  BOOST_TEST((old.first_since() == w.now));
  // The failure counts once.
  BOOST_TEST(w.machine.workers() == 2u);
  w.die(w.nth(1));
  BOOST_TEST(w.machine.workers() == 1u);
  w.pass(100ms);
  BOOST_TEST(w.machine.workers() == 2u);
}

BOOST_AUTO_TEST_CASE(a_start_that_fails_after_the_pool_was_stopped_changes_nothing) {
  world w{{.workers = 1}};
  worker& who = w.only();
  w.stop();
  BOOST_TEST((who.stopped_for() == stop_cause::pool_stopped));
  w.machine.start_failed(who, w.now);
  w.hear(who);
  BOOST_TEST(!who.told_to_retire);
  BOOST_TEST((who.retires_for() == retire_cause::none));
}

// The times of the machine

BOOST_AUTO_TEST_CASE(a_second_worker_is_let_go_on_after_one_second) {
  pool w{{.workers = 2}};
  for (auto* const who : w.all()) who->frozen = true;
  w.submit();
  w.pass(2s);
  w.obey();
  worker& second = w.nth(0);
  BOOST_TEST(second.jobs().size() == 1u);
  BOOST_TEST((w.machine.wakeup() == w.now + 1s));
  w.pass(1s - 1ns);
  BOOST_TEST(second.frozen);
  w.pass(1ns);
  BOOST_TEST(!second.frozen);
}

BOOST_AUTO_TEST_CASE(a_job_that_has_not_begun_in_time_is_looked_at_ever_more_rarely) {
  struct {
    std::chrono::nanoseconds timeout;
    std::chrono::nanoseconds next_look;
  } const cases[] = {{500us, 1ms}, {1ms, 1ms}, {5ms, 5ms}, {20ms, 20ms}, {100ms, 20ms}};
  for (auto const& [timeout, next_look] : cases) {
    pool w{{.workers = 1}};
    w.only().frozen = true;
    w.submit(timeout);
    BOOST_TEST((w.machine.wakeup() == w.now + timeout));
    w.pass(timeout);
    BOOST_TEST((w.machine.wakeup() == w.now + next_look));
  }
}

BOOST_AUTO_TEST_CASE(the_last_look_is_when_the_patience_is_over) {
  pool w{{.workers = 1}};
  w.only().frozen = true;
  w.submit(1995ms);
  w.pass(1995ms);
  BOOST_TEST((w.machine.wakeup() == w.now + 5ms));
  w.pass(5ms);
  BOOST_TEST((w.nth(0).stopped_for() == stop_cause::unresponsive));
}

BOOST_AUTO_TEST_CASE(a_job_that_begins_when_the_patience_is_over_goes_on) {
  pool w{{.workers = 1}};
  job& late = w.submit();
  // Has not begun when it is looked at, and has when it is to be taken back.
  w.only().lie = [looks = 0](const job&) mutable { return looks++ != 0; };
  w.pass(2s);
  BOOST_TEST((w.only().stopped_for() == stop_cause::none));
  BOOST_TEST(!w.only().signalled);
  w.only().lie = nullptr;
  w.do_one(w.only());
  BOOST_TEST(late.became == fate::replied);
  BOOST_TEST(w.machine.restarts() == 0u);
}

BOOST_AUTO_TEST_CASE(workers_that_leave_in_a_crowd_have_less_time) {
  pool w{{.workers = 2}};
  worker& first = w.nth(0);
  worker& second = w.nth(1);
  w.retire(first);
  w.retire(second);
  w.all_ready();
  worker& third = w.nth(2);
  w.retire(third);
  BOOST_TEST(third.told_to_retire);
  w.pass(1s - 1ns);
  BOOST_TEST(!third.signalled);
  w.pass(1ns);
  BOOST_TEST(third.signalled.has_value());
  BOOST_TEST(!second.signalled);
  w.pass(9s - 1ns);
  BOOST_TEST(!second.signalled);
  w.pass(1ns);
  BOOST_TEST(first.signalled.has_value());
  BOOST_TEST(second.signalled.has_value());
}

BOOST_AUTO_TEST_CASE(a_worker_without_jobs_has_started_when_it_has_lived_for_five_seconds) {
  for (bool const lives : {false, true}) {
    pool w{{.workers = 1}};
    w.pass(lives ? 5s : 5s - 1ns);
    w.die(w.nth(0));
    // After a start that failed, the next one waits.
    BOOST_TEST(w.machine.workers() == (lives ? 1u : 0u));
    BOOST_TEST(w.machine.restarts() == (lives ? 1u : 0u));
    w.pass(100ms);
    BOOST_TEST(w.machine.workers() == 1u);
    BOOST_TEST(w.machine.restarts() == 1u);
  }
}

BOOST_AUTO_TEST_CASE(a_worker_that_becomes_ready_is_not_late) {
  world w{{.workers = 1, .startup = {.timeout = 1s}}};
  BOOST_TEST((w.machine.wakeup() == w.now + 1s));
  w.pass(1s - 1ns);
  w.ready(w.only());
  w.pass(1h);
  BOOST_TEST(w.only().stays());
}

// Ends of the machine

BOOST_AUTO_TEST_CASE(a_machine_that_is_destroyed_lets_jobs_and_workers_go) {
  auto machine = std::make_unique<pool_machine>(pool_policy{.workers = 1, .max_queued = 1});
  worker who{1};
  moment const now{1h};
  auto given = std::make_unique<job>(0, std::nullopt, 0ns, job_wishes{});
  auto waits =
      std::make_unique<job>(1, std::nullopt, 0ns, job_wishes{.rank = {.deadline = now + 1h}});
  auto outside = std::make_unique<job>(2, std::nullopt, 0ns, job_wishes{.waits_for_room = true});
  BOOST_REQUIRE((machine->next().what == kind::start_worker));
  machine->started(who, std::nullopt, now);
  machine->ready(who, now);
  machine->submit(*given, now);
  BOOST_REQUIRE((machine->next().what == kind::give));
  machine->submit(*waits, now);
  machine->submit(*outside, now);
  machine.reset();
  BOOST_TEST(who.jobs().empty());
  BOOST_TEST(!given->is_linked());
  BOOST_TEST(!outside->is_linked());
}

BOOST_AUTO_TEST_CASE(a_machine_that_is_stopped_is_not_restarted_resized_or_resumed) {
  pool w{{.workers = 1}};
  worker& one = w.nth(0);
  w.stop();
  BOOST_TEST((one.stopped_for() == stop_cause::pool_stopped));
  w.restart();
  w.resume();
  w.resize(3);
  BOOST_TEST(w.machine.size() == 1u);
  BOOST_TEST(w.machine.workers() == 1u);
  BOOST_TEST((one.stopped_for() == stop_cause::pool_stopped));
  w.obey();
  BOOST_TEST(w.machine.workers() == 0u);
}

BOOST_AUTO_TEST_CASE(a_machine_sleeps_in_a_copy_until_it_is_woken) {
  for (bool const resumes : {false, true}) {
    pool w{{.workers = 2}};
    w.disown();
    w.pass(1h);
    BOOST_TEST(w.machine.workers() == 0u);
    if (resumes)
      w.resume();
    else
      w.machine.wake();
    w.pass(1ns);
    BOOST_TEST(w.machine.workers() == 2u);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace pool_times_test
