// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "pool_world.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <optional>

// Jobs that listen are asked to stop, in place of a polite signal to their workers. The world
// checks with each action that only a job that has begun is asked, and once, and that its worker
// gets no polite signal.

namespace pool_stops_test {

using namespace pool_world;

constexpr cancel_kind polite_kinds[] = {cancel_kind::interrupt, cancel_kind::request_exit};

job& submit_listener(world& w, std::optional<std::chrono::nanoseconds> timeout,
                     std::chrono::nanoseconds grace) {
  return w.submit(timeout, grace, {.listens = true});
}

/// The ways in which a job can come to be asked.
constexpr stop_cause causes[] = {stop_cause::cancelled, stop_cause::timeout};

/// A pool with one worker, whose job has five seconds left since it was asked to stop.
struct asked_pool : pool {
  explicit asked_pool(stop_cause why, const pool_policy& policy = {.workers = 1})
      : pool{policy},
        first{only()},
        asked{submit_listener(
            *this,
            why == stop_cause::timeout ? std::optional<std::chrono::nanoseconds>{1s} : std::nullopt,
            5s)} {
    begin(first);
    if (why == stop_cause::timeout)
      pass(1s);
    else
      cancel(asked, cancel_kind::request_exit);
    BOOST_REQUIRE(asked.asked == 1);
    BOOST_REQUIRE((asked.asked_for() == why));
    BOOST_REQUIRE(!first.signalled);
  }

  worker& first;
  job& asked;
};

BOOST_AUTO_TEST_SUITE(pool_stops)

// Asking

BOOST_AUTO_TEST_CASE(a_job_that_obeys_a_cancellation_leaves_its_worker_warm) {
  for (auto const how : polite_kinds) {
    pool w{{.workers = 1}};
    job& obeys = submit_listener(w, {}, 5s);
    job& next = w.submit();
    w.begin(w.only());
    int const id = next.id;
    w.cancel(obeys, how);
    BOOST_TEST(obeys.asked == 1);
    BOOST_TEST(next.id == id, "the next job stays where it is");
    BOOST_TEST(obeys.asked_for() == stop_cause::cancelled);
    BOOST_TEST(w.only().stays());
    w.do_one(w.only());
    BOOST_TEST(obeys.became == fate::replied);
    BOOST_TEST(obeys.asked_for() == stop_cause::cancelled);
    BOOST_TEST(obeys.stopped_for() == stop_cause::none);
    w.begin(w.only());
    w.pass(1h);
    w.do_one(w.only());
    BOOST_TEST(next.became == fate::replied);
    BOOST_TEST(next.asked_for() == stop_cause::none);
    BOOST_TEST(!w.only().signalled);
    BOOST_TEST(w.machine.restarts() == 0u);
  }
}

BOOST_AUTO_TEST_CASE(a_job_that_obeys_at_its_timeout_leaves_its_worker_warm) {
  pool w{{.workers = 1}};
  job& obeys = submit_listener(w, 1s, 5s);
  w.begin(w.only());
  w.pass(999ms);
  BOOST_TEST(obeys.asked == 0);
  w.pass(1ms);
  BOOST_TEST(obeys.asked == 1);
  BOOST_TEST((w.machine.wakeup() == w.now + 5s));
  w.pass(4999ms);
  w.do_one(w.only());
  BOOST_TEST(obeys.became == fate::replied);
  BOOST_TEST(obeys.asked_for() == stop_cause::timeout);
  BOOST_TEST(obeys.stopped_for() == stop_cause::none);
  w.pass(1h);
  BOOST_TEST((w.machine.wakeup() == moment::max()));
  BOOST_TEST(!w.only().signalled);
  BOOST_TEST(w.machine.restarts() == 0u);
}

BOOST_AUTO_TEST_CASE(a_job_that_runs_at_its_deadline_is_asked) {
  pool w{{.workers = 1}};
  job& late = w.submit({}, 5s, {.rank = {.deadline = w.now + 1s}, .listens = true});
  job& waits = w.submit({}, 5s, {.rank = {.deadline = w.now + 1s}, .listens = true});
  w.begin(w.only());
  w.pass(1s);
  BOOST_TEST(late.asked == 1);
  BOOST_TEST(late.asked_for() == stop_cause::timeout);
  BOOST_TEST(waits.became == fate::expired);
  BOOST_TEST(waits.asked == 0);
}

BOOST_AUTO_TEST_CASE(a_job_that_was_asked_has_no_deadline_but_its_grace) {
  pool w{{.workers = 1}};
  job& obeys = w.submit({}, 5s, {.rank = {.deadline = w.now + 1s}, .listens = true});
  w.begin(w.only());
  w.cancel(obeys, cancel_kind::request_exit);
  // Its page is not asked any more.
  w.only().lie = [](const job&) { return false; };
  w.pass(1s);
  BOOST_TEST(obeys.asked_for() == stop_cause::cancelled);
  BOOST_TEST(!w.only().signalled);
  w.do_one(w.only());
  BOOST_TEST(obeys.became == fate::replied);
}

BOOST_AUTO_TEST_CASE(a_job_that_is_received_is_asked) {
  pool w{{.workers = 1}};
  job& large = submit_listener(w, {}, 5s);
  w.work(w.only());
  w.cancel(large, cancel_kind::request_exit);
  BOOST_TEST(large.asked == 1);
  w.only().frozen = true;
  w.pass(5s);
  BOOST_TEST((w.nth(0).signalled == cancel_kind::terminate));
  w.obey();
  BOOST_TEST(large.became == fate::not_received);
  BOOST_TEST(large.stopped_for() == stop_cause::cancelled);
}

BOOST_AUTO_TEST_CASE(a_job_that_has_not_begun_is_taken_back) {
  pool w{{.workers = 1}};
  job& first = submit_listener(w, {}, 5s);
  job& second = submit_listener(w, {}, 5s);
  job& third = submit_listener(w, {}, 5s);
  w.cancel(first, cancel_kind::request_exit);
  w.begin(w.only());
  w.cancel(third, cancel_kind::interrupt);
  for (auto const* const each : {&first, &third}) {
    BOOST_TEST(each->became == fate::cancelled);
    BOOST_TEST(each->asked == 0);
  }
  w.do_one(w.only());
  BOOST_TEST(second.became == fate::replied);
  BOOST_TEST(!w.only().signalled);
}

BOOST_AUTO_TEST_CASE(a_job_whose_reply_is_unread_is_not_asked_and_neither_is_the_next) {
  for (auto const why : causes) {
    pool w{{.workers = 1}};
    job& done = submit_listener(w, 1s, 5s);
    job& next = submit_listener(w, 1s, 5s);
    w.begin(w.only());
    // The worker goes on while the program is busy: the reply waits in the socket.
    w.work(w.only());
    w.begin(w.only());
    if (why == stop_cause::timeout)
      w.pass(1s);
    else
      w.machine.cancel(done, cancel_kind::request_exit, w.now);
    w.hear(w.only());
    BOOST_TEST(done.became == fate::replied);
    BOOST_TEST(done.asked == 0);
    BOOST_TEST(next.asked == 0);
    w.do_one(w.only());
    BOOST_TEST(next.became == fate::replied);
    BOOST_TEST(!w.only().signalled);
  }
}

BOOST_AUTO_TEST_CASE(errands_listen) {
  pool w{{.workers = 2}};
  job& errand = w.errand(w.nth(0), {}, 5s, {.listens = true});
  w.begin(w.nth(0));
  w.cancel(errand, cancel_kind::request_exit);
  BOOST_TEST(errand.asked == 1);
  w.do_one(w.nth(0));
  BOOST_TEST(errand.became == fate::replied);
  BOOST_TEST(w.nth(0).stays());
}

// A driver uses the same job for all checks of one worker.
BOOST_AUTO_TEST_CASE(each_check_of_health_is_asked_anew) {
  job check{-1, 1s, 5s, {.listens = true}};
  pool w{{.workers = 1}};
  for (int i = 0; i != 2; ++i) {
    check.asked = 0;
    w.machine.submit_check(check, w.only(), w.now);
    w.hear(w.only());
    BOOST_TEST(check.asked_for() == stop_cause::none);
    w.begin(w.only());
    w.pass(1s);
    BOOST_TEST(check.asked == 1);
    w.do_one(w.only());
    BOOST_TEST(check.done());
    BOOST_TEST(w.only().stays());
  }
}

// The end of the grace

BOOST_AUTO_TEST_CASE(a_job_that_does_not_obey_is_killed_when_its_grace_is_over) {
  for (auto const why : causes) {
    asked_pool w{why};
    job& behind = w.submit();
    BOOST_TEST(behind.worker() == &w.first);
    w.pass(4999ms);
    BOOST_TEST(!w.first.signalled);
    BOOST_TEST(behind.worker() == &w.first);
    BOOST_TEST((w.machine.wakeup() == w.now + 1ms));
    w.pass(1ms);
    BOOST_TEST((w.first.signalled == cancel_kind::terminate));
    BOOST_TEST(!behind.worker());
    w.obey();
    BOOST_TEST(w.asked.became == fate::ran);
    BOOST_TEST(w.asked.because == why);
    BOOST_TEST(w.asked.stopped_for() == why);
    w.all_ready();
    w.do_one(w.only());
    BOOST_TEST(behind.became == fate::replied);
    BOOST_TEST(w.machine.restarts() == 1u);
  }
}

BOOST_AUTO_TEST_CASE(a_reply_that_is_unread_when_the_grace_is_over_counts) {
  for (auto const why : causes) {
    asked_pool w{why};
    job& behind = w.submit();
    w.work(w.first);
    w.pass(5s);
    BOOST_TEST(w.asked.became == fate::replied);
    BOOST_TEST(w.asked.asked_for() == why);
    BOOST_TEST(!w.first.signalled);
    w.do_one(w.first);
    BOOST_TEST(behind.became == fate::replied);
  }
}

BOOST_AUTO_TEST_CASE(a_grace_without_end_is_never_over) {
  pool w{{.workers = 1}};
  job& slow = submit_listener(w, {}, std::chrono::nanoseconds::max());
  w.begin(w.only());
  w.cancel(slow, cancel_kind::request_exit);
  BOOST_TEST(slow.asked == 1);
  w.pass(2s);
  BOOST_TEST((w.machine.wakeup() == moment::max()));
  w.do_one(w.only());
  BOOST_TEST(slow.became == fate::replied);
}

BOOST_AUTO_TEST_CASE(without_a_grace_no_job_is_asked) {
  for (auto const how : polite_kinds) {
    pool w{{.workers = 1}};
    job& killed = submit_listener(w, {}, 0s);
    w.begin(w.only());
    w.cancel(killed, how);
    BOOST_TEST((w.nth(0).signalled == cancel_kind::terminate));
    BOOST_TEST(killed.asked == 0);
    w.obey();
    BOOST_TEST(killed.because == stop_cause::cancelled);
    BOOST_TEST(killed.asked_for() == stop_cause::none);
  }
  pool w{{.workers = 1}};
  job& late = submit_listener(w, 1s, 0s);
  w.begin(w.only());
  w.pass(1s);
  BOOST_TEST((w.nth(0).signalled == cancel_kind::terminate));
  BOOST_TEST(late.asked == 0);
  w.obey();
  BOOST_TEST(late.because == stop_cause::timeout);
}

// More requests

BOOST_AUTO_TEST_CASE(termination_asks_nothing) {
  pool w{{.workers = 1}};
  job& killed = submit_listener(w, {}, 5s);
  w.begin(w.only());
  w.cancel(killed, cancel_kind::terminate);
  BOOST_TEST((w.nth(0).signalled == cancel_kind::terminate));
  BOOST_TEST(killed.asked == 0);
  w.obey();
  BOOST_TEST(killed.because == stop_cause::cancelled);
}

BOOST_AUTO_TEST_CASE(termination_ends_the_grace) {
  for (auto const why : causes) {
    asked_pool w{why};
    job& behind = w.submit();
    w.cancel(w.asked, cancel_kind::terminate);
    BOOST_TEST((w.first.signalled == cancel_kind::terminate));
    BOOST_TEST(!behind.worker());
    w.obey();
    BOOST_TEST(w.asked.became == fate::ran);
    // The first cause stays.
    BOOST_TEST(w.asked.because == why);
    BOOST_TEST(w.asked.stopped_for() == why);
    w.all_ready();
    w.do_one(w.only());
    BOOST_TEST(behind.became == fate::replied);
  }
}

BOOST_AUTO_TEST_CASE(another_polite_request_changes_nothing) {
  for (auto const why : causes)
    for (auto const how : polite_kinds) {
      asked_pool w{why};
      w.pass(3s);
      w.cancel(w.asked, how);
      BOOST_TEST(w.asked.asked == 1);
      BOOST_TEST(w.asked.asked_for() == why);
      BOOST_TEST(!w.first.signalled);
      w.pass(2s);
      BOOST_TEST((w.first.signalled == cancel_kind::terminate));
      w.obey();
      BOOST_TEST(w.asked.because == why);
    }
}

BOOST_AUTO_TEST_CASE(a_timeout_in_the_grace_of_a_cancellation_changes_nothing) {
  pool w{{.workers = 1}};
  job& slow = submit_listener(w, 1s, 5s);
  w.begin(w.only());
  w.pass(500ms);
  w.cancel(slow, cancel_kind::request_exit);
  w.pass(4999ms);
  BOOST_TEST(slow.asked == 1);
  BOOST_TEST(!w.only().signalled);
  w.pass(1ms);
  BOOST_TEST((w.nth(0).signalled == cancel_kind::terminate));
  w.obey();
  BOOST_TEST(slow.because == stop_cause::cancelled);
}

// Other jobs

BOOST_AUTO_TEST_CASE(a_worker_whose_job_was_asked_is_given_others_and_robbed_of_them) {
  pool w{{.workers = 2}};
  job& slow = submit_listener(w, {}, 5s);
  auto& asked = static_cast<worker&>(*slow.worker());
  worker& other = &asked == &w.nth(0) ? w.nth(1) : w.nth(0);
  w.begin(asked);
  w.cancel(slow, cancel_kind::request_exit);
  for (int i = 0; i != 5; ++i) w.submit();
  BOOST_TEST(asked.jobs().size() == 3u);
  for (int i = 0; i != 5; ++i) w.do_one(other);
  BOOST_TEST(asked.jobs().size() == 1u);
  BOOST_TEST(w.machine.running() == 1u);
  w.do_one(asked);
  BOOST_TEST(w.machine.idle());
  for (auto const& each : w.jobs) BOOST_TEST(each.became == fate::replied);
}

BOOST_AUTO_TEST_CASE(an_urgent_job_takes_none_back_that_was_asked) {
  asked_pool w{stop_cause::cancelled};
  job& behind = w.submit();
  // Not even if the page says that the job has not begun.
  w.first.lie = [&](const job& what) { return &what == &behind; };
  job& urgent = w.wish({.rank = {.priority = 1}});
  BOOST_TEST(w.asked.worker() == &w.first);
  for (int i = 0; i != 3; ++i) w.do_one(w.first);
  for (auto const* const each : {&w.asked, &urgent}) BOOST_TEST(each->became == fate::replied);
}

// Other ends of the worker

BOOST_AUTO_TEST_CASE(a_worker_that_dies_takes_along_the_job_that_was_asked) {
  for (bool const hides : {false, true}) {
    asked_pool w{stop_cause::cancelled};
    job& behind = w.submit();
    // The job was begun, whatever the page says: it is not given to another worker.
    if (hides) w.first.lie = [](const job&) { return false; };
    w.die(w.first);
    BOOST_TEST(w.asked.became == fate::ran);
    BOOST_TEST(w.asked.because == stop_cause::none);
    BOOST_TEST(w.asked.stopped_for() == stop_cause::none);
    w.all_ready();
    w.do_one(w.only());
    BOOST_TEST(behind.became == fate::replied);
  }
}

BOOST_AUTO_TEST_CASE(a_pool_that_is_stopped_gives_no_grace) {
  asked_pool w{stop_cause::cancelled};
  w.stop();
  BOOST_TEST((w.first.signalled == cancel_kind::terminate));
  w.obey();
  BOOST_TEST(w.asked.became == fate::ran);
  BOOST_TEST(w.asked.because == stop_cause::pool_stopped);
  BOOST_TEST(w.asked.stopped_for() == stop_cause::none);
}

BOOST_AUTO_TEST_CASE(a_job_of_a_pool_that_is_stopped_is_not_asked) {
  pool w{{.workers = 1}};
  job& runs = submit_listener(w, {}, 5s);
  w.begin(w.only());
  w.stop();
  w.cancel(runs, cancel_kind::request_exit);
  BOOST_TEST(runs.asked == 0);
  BOOST_TEST((w.nth(0).signalled == cancel_kind::terminate));
  w.obey();
  BOOST_TEST(runs.became == fate::ran);
}

BOOST_AUTO_TEST_CASE(a_reply_on_the_way_as_the_pool_stops_counts) {
  asked_pool w{stop_cause::timeout};
  w.work(w.first);
  w.stop();
  w.obey();
  BOOST_TEST(w.asked.became == fate::replied);
  BOOST_TEST(w.asked.asked_for() == stop_cause::timeout);
}

BOOST_AUTO_TEST_CASE(a_copy_of_the_program_has_no_job_that_was_asked) {
  asked_pool w{stop_cause::cancelled};
  w.disown();
  BOOST_TEST(w.asked.became == fate::disowned);
  BOOST_TEST((w.machine.wakeup() == moment::max()));
}

BOOST_AUTO_TEST_CASE(a_worker_is_recycled_after_the_job_that_was_asked) {
  asked_pool w{stop_cause::cancelled};
  w.recycle();
  w.ready(w.nth(1));
  BOOST_TEST(!w.first.told_to_retire);
  w.do_one(w.first);
  BOOST_TEST(w.asked.became == fate::replied);
  BOOST_TEST(w.first.told_to_retire);
  BOOST_TEST(!w.first.signalled);
}

BOOST_AUTO_TEST_CASE(a_worn_worker_ends_as_any_other) {
  for (bool const obeys : {false, true}) {
    asked_pool w{stop_cause::cancelled};
    w.retire(w.first);
    BOOST_TEST(!w.first.told_to_retire);
    if (obeys)
      w.do_one(w.first);
    else
      w.pass(5s);
    BOOST_TEST(w.first.told_to_retire == obeys);
    BOOST_TEST(w.first.signalled.has_value() == !obeys);
    w.obey();
    BOOST_TEST(w.asked.became == (obeys ? fate::replied : fate::ran));
    BOOST_TEST(w.machine.workers() == 1u);
  }
}

BOOST_AUTO_TEST_CASE(a_malformed_reply_ends_the_worker_at_once) {
  asked_pool w{stop_cause::cancelled};
  job& behind = w.submit();
  w.first.lie = [](const job&) { return false; };
  w.machine.malformed(w.first);
  w.hear(w.first);
  BOOST_TEST((w.first.signalled == cancel_kind::terminate));
  BOOST_TEST(!behind.worker());
  w.obey();
  BOOST_TEST(w.asked.became == fate::ran);
  BOOST_TEST(w.asked.because == stop_cause::malformed_reply);
}

BOOST_AUTO_TEST_CASE(a_job_that_was_asked_and_left_is_not_given_to_another) {
  asked_pool w{stop_cause::cancelled};
  w.machine.left_its_jobs(w.first);
  w.hear(w.first);
  w.obey();
  BOOST_TEST(w.asked.became == fate::not_received);
}

BOOST_AUTO_TEST_CASE(a_page_that_says_a_later_job_has_begun_ends_its_worker) {
  pool w{{.workers = 1}};
  job& liar = submit_listener(w, {}, 5s);
  job& innocent = submit_listener(w, {}, 5s);
  job& behind = w.submit();
  w.begin(w.only());
  w.only().lie = [](const job&) { return true; };
  w.cancel(innocent, cancel_kind::request_exit);
  BOOST_TEST((w.nth(0).signalled == cancel_kind::terminate));
  BOOST_TEST(innocent.became == fate::cancelled);
  BOOST_TEST(innocent.asked == 0);
  w.obey();
  BOOST_TEST(liar.became == fate::ran);
  BOOST_TEST(liar.because == stop_cause::malformed_reply);
  w.all_ready();
  w.do_one(w.only());
  BOOST_TEST(behind.became == fate::replied);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace pool_stops_test
