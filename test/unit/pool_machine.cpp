// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "pool_world.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace pool_machine_test {

using namespace pool_world;

BOOST_AUTO_TEST_SUITE(pool_machine)

// Giving and replying

BOOST_AUTO_TEST_CASE(workers_are_started_at_once) {
  world w{{.workers = 3}};
  BOOST_TEST(w.machine.workers() == 3u);
  BOOST_TEST(w.machine.restarts() == 0u);
}

BOOST_AUTO_TEST_CASE(jobs_wait_until_a_worker_is_ready) {
  world w{{.workers = 1}};
  job& first = w.submit();
  BOOST_TEST(!first.worker());
  w.ready(w.only());
  BOOST_TEST(first.worker() == &w.only());
  w.do_one(w.only());
  BOOST_TEST(first.became == fate::replied);
  BOOST_TEST(w.machine.idle());
}

BOOST_AUTO_TEST_CASE(jobs_are_spread_and_sent_ahead) {
  pool w{{.workers = 2}};
  for (int i = 0; i != 6; ++i) w.submit();
  BOOST_TEST(w.nth(0).jobs().size() == 3u);
  BOOST_TEST(w.nth(1).jobs().size() == 3u);
  BOOST_TEST(w.machine.running() == 2u);
  BOOST_TEST(w.machine.waiting() == 4u);
}

BOOST_AUTO_TEST_CASE(an_idle_worker_takes_what_another_has_not_begun) {
  pool w{{.workers = 2}};
  for (int i = 0; i != 6; ++i) w.submit();
  w.begin(w.nth(0));
  for (int i = 0; i != 4; ++i) w.do_one(w.nth(1));
  BOOST_TEST(w.nth(0).jobs().size() == 1u);
  BOOST_TEST(w.machine.running() == 2u);
  w.do_one(w.nth(0));
  w.do_one(w.nth(1));
  BOOST_TEST(w.machine.idle());
  for (auto const& each : w.jobs) BOOST_TEST(each.begun == 1);
}

BOOST_AUTO_TEST_CASE(a_job_too_many_is_refused) {
  pool w{{.workers = 1, .max_queued = 1}};
  w.submit();
  w.submit();
  BOOST_TEST(w.submit().became == fate::queue_full);
  w.do_one(w.only());
  BOOST_TEST(w.submit().became == fate::waiting);
}

// Wishes

BOOST_AUTO_TEST_CASE(an_urgent_job_comes_before_those_that_were_sent_ahead) {
  pool w{{.workers = 1}};
  for (int i = 0; i != 5; ++i) w.submit();
  w.begin(w.only());
  BOOST_TEST(w.only().jobs().size() == 5u);
  job& urgent = w.wish({.rank = {.priority = 1}});
  // The job that has begun goes on, and no other stays with the worker.
  BOOST_TEST(w.only().jobs().size() == 1u);
  w.do_one(w.only());
  BOOST_TEST(urgent.worker() == &w.only());
  BOOST_TEST(w.only().jobs().size() == 1u);
  for (int i = 0; i != 5; ++i) w.do_one(w.only());
  BOOST_TEST(w.machine.idle());
  for (auto const& each : w.jobs) BOOST_TEST(each.begun == 1);
  // Jobs without wishes are sent ahead again.
  for (int i = 0; i != 3; ++i) w.submit();
  BOOST_TEST(w.only().jobs().size() == 3u);
}

BOOST_AUTO_TEST_CASE(jobs_come_back_in_their_order) {
  pool w{{.workers = 1}};
  for (int i = 0; i != 4; ++i) w.submit();
  w.begin(w.only());
  w.wish({.rank = {.tenant = "other"}});
  std::vector<int> order;
  for (int i = 0; i != 5; ++i) {
    order.push_back(static_cast<job*>(w.only().first())->number);
    w.do_one(w.only());
  }
  BOOST_TEST((order == std::vector<int>{0, 4, 1, 2, 3}));
}

BOOST_AUTO_TEST_CASE(a_job_expires_where_it_waits) {
  pool w{{.workers = 1, .max_queued = 2}};
  w.submit();
  w.begin(w.only());
  job& ahead = w.due(10ms);
  job& later = w.due(30ms);
  job& outside = w.wish({.rank = {.deadline = w.now + 20ms}, .waits_for_room = true});
  BOOST_TEST(ahead.worker() == &w.only());
  BOOST_TEST(w.machine.waiting() == 3u);
  BOOST_TEST((w.machine.wakeup() == w.now + 10ms));
  w.pass(10ms);
  BOOST_TEST(ahead.became == fate::expired);
  w.pass(10ms);
  BOOST_TEST(outside.became == fate::expired);
  w.pass(10ms);
  BOOST_TEST(later.became == fate::expired);
  BOOST_TEST(w.due(0s).became == fate::expired);
  w.do_one(w.only());
  BOOST_TEST(w.machine.idle());
  for (auto const* const each : {&ahead, &later, &outside}) BOOST_TEST(each->begun == 0);
}

BOOST_AUTO_TEST_CASE(a_job_that_runs_at_its_deadline_costs_its_worker) {
  pool w{{.workers = 1}};
  job& runs = w.due(10ms);
  w.begin(w.only());
  job& next = w.submit();
  w.pass(10ms);
  BOOST_TEST(runs.stopped_for() == stop_cause::timeout);
  w.obey();
  BOOST_TEST(runs.became == fate::ran);
  w.all_ready();
  w.do_one(w.only());
  BOOST_TEST(next.became == fate::replied);
}

BOOST_AUTO_TEST_CASE(a_job_that_is_done_does_not_expire) {
  pool w{{.workers = 1}};
  job& done = w.due(10ms);
  w.work(w.only());
  while (w.only().current()) w.work(w.only());
  // Its reply is unread.
  w.pass(10ms);
  BOOST_TEST(done.became == fate::replied);
  BOOST_TEST(w.machine.workers() == 1u);
}

BOOST_AUTO_TEST_CASE(a_key_prefers_its_worker_among_equals) {
  pool w{{.workers = 3}};
  job& first = w.wish({.key = 7});
  auto* const keeper = first.worker();
  w.do_one(static_cast<worker&>(*keeper));
  // The worker that has had a job last is preferred otherwise.
  w.submit();
  auto* const last = w.submit().worker();
  BOOST_TEST(last != keeper);
  w.do_one(static_cast<worker&>(*keeper));
  w.do_one(static_cast<worker&>(*last));
  BOOST_TEST(w.submit().worker() == last);
  w.do_one(static_cast<worker&>(*last));
  BOOST_TEST(w.wish({.key = 7}).worker() == keeper);
  // That worker is busy, and the next job does not wait for it.
  job& elsewhere = w.wish({.key = 7});
  BOOST_TEST(elsewhere.worker() != nullptr);
  BOOST_TEST(elsewhere.worker() != keeper);
}

BOOST_AUTO_TEST_CASE(room_is_given_in_the_order_of_coming) {
  pool w{{.workers = 1, .max_queued = 1}};
  w.submit();
  w.submit();
  BOOST_TEST(w.submit().became == fate::queue_full);
  job& first = w.wish({.waits_for_room = true});
  job& urgent = w.wish({.rank = {.priority = 5}, .waits_for_room = true});
  BOOST_TEST(w.submit().became == fate::queue_full);
  w.do_one(w.only());
  BOOST_TEST(w.submit().became == fate::queue_full);
  w.cancel(first);
  BOOST_TEST(first.became == fate::cancelled);
  for (int i = 0; i != 2; ++i) w.do_one(w.only());
  BOOST_TEST(urgent.became == fate::replied);
  BOOST_TEST(w.machine.idle());
  w.submit();
  w.submit();
  job& last = w.wish({.waits_for_room = true});
  w.stop();
  BOOST_TEST(last.became == fate::pool_stopped);
}

// Cancellation

BOOST_AUTO_TEST_CASE(a_waiting_job_is_cancelled_without_a_worker_noticing) {
  world w{{.workers = 1}};
  job& waits = w.submit();
  w.cancel(waits);
  BOOST_TEST(waits.became == fate::cancelled);
  BOOST_TEST(w.machine.idle());
}

BOOST_AUTO_TEST_CASE(a_job_that_is_sent_but_not_begun_is_taken_back) {
  pool w{{.workers = 1}};
  w.submit();
  job& second = w.submit();
  w.begin(w.only());
  w.cancel(second);
  BOOST_TEST(second.became == fate::cancelled);
  BOOST_TEST(!w.only().signalled);
}

BOOST_AUTO_TEST_CASE(a_job_that_no_worker_has_begun_is_withdrawn) {
  pool w{{.workers = 1}};
  job& runs = w.submit();
  job& sent = w.submit();
  w.begin(w.only());
  w.withdraw(sent);
  BOOST_TEST(sent.became == fate::cancelled);
  w.do_one(w.only());
  BOOST_TEST(runs.became == fate::replied);
  job& waits = w.due(1h);
  w.withdraw(waits);
  BOOST_TEST(waits.became == fate::cancelled);
  BOOST_TEST(!w.only().signalled);
  BOOST_TEST(w.machine.idle());
}

BOOST_AUTO_TEST_CASE(a_job_that_runs_goes_on_when_it_is_withdrawn) {
  pool w{{.workers = 1}};
  job& runs = w.submit();
  job& next = w.submit();
  w.begin(w.only());
  w.withdraw(runs);
  BOOST_TEST(!w.only().signalled);
  w.do_one(w.only());
  BOOST_TEST(runs.became == fate::replied);
  w.do_one(w.only());
  BOOST_TEST(next.became == fate::replied);
  w.withdraw(next);
  BOOST_TEST(next.became == fate::replied);
}

BOOST_AUTO_TEST_CASE(a_withdrawal_takes_no_cancellation_back) {
  pool w{{.workers = 1}};
  job& runs = w.submit();
  w.begin(w.only());
  w.cancel(runs);
  w.withdraw(runs);
  BOOST_TEST((w.nth(0).signalled == cancel_kind::terminate));
  w.obey();
  BOOST_TEST(runs.became == fate::ran);
  BOOST_TEST(runs.because == stop_cause::cancelled);
}

BOOST_AUTO_TEST_CASE(a_job_that_is_cut_off_from_the_program_is_given_to_no_worker) {
  pool w{{.workers = 1}};
  job& runs = w.wish({.is_never_ahead = true});
  job& waits = w.wish({.is_never_ahead = true});
  w.begin(w.only());
  BOOST_REQUIRE(!waits.worker());
  w.cut_off(waits);
  BOOST_TEST(waits.became == fate::cut_off);
  w.do_one(w.only());
  BOOST_TEST(runs.became == fate::replied);
  BOOST_TEST(w.machine.idle());
}

BOOST_AUTO_TEST_CASE(a_job_that_is_cut_off_is_taken_from_a_worker_that_has_not_begun_it) {
  pool w{{.workers = 1}};
  job& sent = w.wish({.is_never_ahead = true});
  BOOST_REQUIRE(sent.worker());
  w.cut_off(sent);
  BOOST_TEST(sent.became == fate::cut_off);
  BOOST_TEST(!w.only().signalled);
  job& next = w.submit();
  w.do_one(w.only());
  BOOST_TEST(next.became == fate::replied);
}

BOOST_AUTO_TEST_CASE(a_job_that_runs_and_is_cut_off_costs_its_worker) {
  pool w{{.workers = 1}};
  job& runs = w.wish({.is_never_ahead = true});
  w.begin(w.only());
  w.cut_off(runs);
  BOOST_TEST((w.nth(0).signalled == cancel_kind::terminate));
  w.obey();
  BOOST_TEST(runs.became == fate::ran);
}

BOOST_AUTO_TEST_CASE(the_one_that_runs_costs_its_worker_and_no_other_job) {
  pool w{{.workers = 1}};
  job& runs = w.submit();
  job& behind = w.submit();
  w.begin(w.only());
  w.cancel(runs);
  BOOST_TEST((w.nth(0).signalled == cancel_kind::terminate));
  BOOST_TEST(!behind.worker());
  w.obey();
  BOOST_TEST(runs.became == fate::ran);
  BOOST_TEST(runs.because == stop_cause::cancelled);
  w.all_ready();
  w.do_one(w.only());
  BOOST_TEST(behind.became == fate::replied);
  BOOST_TEST(w.machine.restarts() == 1u);
}

BOOST_AUTO_TEST_CASE(a_job_whose_reply_is_unread_is_done_and_its_successor_is_spared) {
  pool w{{.workers = 1}};
  job& done = w.submit();
  job& next = w.submit();
  w.begin(w.only());
  // The worker goes on while the program is busy: the reply waits in the socket.
  w.work(w.only());
  w.begin(w.only());
  w.machine.cancel(done, cancel_kind::terminate, w.now);
  w.hear(w.only());
  BOOST_TEST(done.became == fate::replied);
  BOOST_TEST(!w.only().signalled);
  w.do_one(w.only());
  BOOST_TEST(next.became == fate::replied);
}

BOOST_AUTO_TEST_CASE(a_first_job_that_is_taken_back_leaves_the_next_its_whole_time) {
  pool w{{.workers = 1}};
  job& first = w.submit();
  job& timed = w.submit(200ms);
  w.now += 150ms;
  w.cancel(first);
  BOOST_TEST(first.became == fate::cancelled);
  w.begin(w.only());
  w.pass(100ms);
  BOOST_TEST(!w.only().signalled);
  w.pass(100ms);
  BOOST_TEST((w.nth(0).signalled == cancel_kind::terminate));
  w.obey();
  BOOST_TEST(timed.became == fate::ran);
  BOOST_TEST(timed.because == stop_cause::timeout);
}

BOOST_AUTO_TEST_CASE(a_job_that_obeys_within_its_grace_is_done_and_its_worker_goes) {
  pool w{{.workers = 1}};
  job& polite = w.submit({}, 5s);
  w.begin(w.only());
  w.cancel(polite, cancel_kind::request_exit);
  BOOST_TEST((w.nth(0).signalled == cancel_kind::request_exit));
  BOOST_TEST((w.last_stop.grace == 5s));
  w.do_one(w.nth(0));
  BOOST_TEST(polite.became == fate::replied);
  BOOST_TEST(polite.stopped_for() == stop_cause::cancelled);
  BOOST_TEST((w.nth(0).signalled == cancel_kind::terminate));
}

BOOST_AUTO_TEST_CASE(a_second_cancellation_is_sharper) {
  pool w{{.workers = 1}};
  job& deaf = w.submit({}, 5s);
  w.begin(w.only());
  w.cancel(deaf, cancel_kind::interrupt);
  BOOST_TEST((w.nth(0).signalled == cancel_kind::interrupt));
  w.cancel(deaf, cancel_kind::terminate);
  BOOST_TEST((w.nth(0).signalled == cancel_kind::terminate));
}

// Time

BOOST_AUTO_TEST_CASE(time_counts_from_when_a_job_is_the_first) {
  pool w{{.workers = 1}};
  w.submit();
  job& timed = w.submit(1s);
  w.begin(w.only());
  w.pass(10s);
  w.do_one(w.only());
  w.begin(w.only());
  w.pass(999ms);
  BOOST_TEST(!w.only().signalled);
  w.pass(1ms);
  BOOST_TEST((w.nth(0).signalled == cancel_kind::terminate));
  w.obey();
  BOOST_TEST(timed.because == stop_cause::timeout);
}

BOOST_AUTO_TEST_CASE(no_grace_means_sigkill_at_once) {
  for (auto const grace : {0s, 1s}) {
    pool w{{.workers = 1}};
    w.submit(1s, grace);
    w.begin(w.only());
    w.pass(1s);
    BOOST_TEST(
        (w.last_stop.how == (grace == 0s ? cancel_kind::terminate : cancel_kind::request_exit)));
    BOOST_TEST((w.last_stop.grace == grace));
  }
}

BOOST_AUTO_TEST_CASE(a_job_that_is_done_is_not_late) {
  pool w{{.workers = 1}};
  job& done = w.submit(1s);
  w.begin(w.only());
  w.work(w.only());
  w.pass(2s);
  BOOST_TEST(done.became == fate::replied);
  BOOST_TEST(!w.only().signalled);
}

BOOST_AUTO_TEST_CASE(a_worker_that_does_not_begin_is_replaced_and_its_jobs_are_not_late) {
  for (auto const timeout : {std::optional<std::chrono::nanoseconds>{}, {300ms}}) {
    pool w{{.workers = 1}};
    job& first = w.submit(timeout);
    job& second = w.submit(timeout);
    w.only().frozen = true;
    w.pass(2s);
    BOOST_TEST((w.nth(0).signalled == cancel_kind::terminate));
    w.obey();
    w.all_ready();
    w.do_one(w.only());
    BOOST_TEST(first.became == fate::replied);
    w.do_one(w.only());
    BOOST_TEST(second.became == fate::replied);
  }
}

BOOST_AUTO_TEST_CASE(a_second_worker_that_does_not_begin_a_job_is_let_go_on) {
  pool w{{.workers = 2}};
  for (auto* const who : w.all()) who->frozen = true;
  job& innocent = w.submit();
  w.pass(2s);
  w.obey();
  BOOST_TEST(innocent.worker() == w.all().front());
  w.pass(1s);
  BOOST_TEST(!w.all().front()->frozen);
  w.do_one(*w.all().front());
  BOOST_TEST(innocent.became == fate::replied);
}

BOOST_AUTO_TEST_CASE(a_worker_that_is_stopped_while_it_receives_is_let_go_on) {
  pool w{{.workers = 1}};
  job& large = w.submit();
  w.work(w.only());
  w.only().frozen = true;
  w.pass(2s);
  BOOST_TEST(!w.only().frozen);
  w.only().frozen = true;
  w.pass(2s);
  w.do_one(w.only());
  BOOST_TEST(large.became == fate::replied);
  BOOST_TEST(w.machine.restarts() == 0u);
}

BOOST_AUTO_TEST_CASE(a_long_job_is_no_unresponsive_worker) {
  pool w{{.workers = 1}};
  w.submit();
  w.begin(w.only());
  for (int i = 0; i != 100; ++i) w.pass(1h);
  BOOST_TEST(!w.only().signalled);
  BOOST_TEST((w.machine.wakeup() == moment::max()));
}

BOOST_AUTO_TEST_CASE(a_worker_that_does_not_leave_is_killed) {
  pool w{{.workers = 1}};
  w.retire(w.only());
  BOOST_TEST(w.nth(0).told_to_retire);
  w.pass(9s);
  BOOST_TEST(!w.nth(0).signalled);
  w.pass(1s);
  BOOST_TEST((w.nth(0).signalled == cancel_kind::terminate));
}

// Their jobs may have registered exit handlers that hang.
BOOST_AUTO_TEST_CASE(workers_that_do_not_leave_are_not_replaced_without_limit) {
  pool w{{.workers = 1, .max_jobs_per_worker = 1}};
  for (int i = 0; i != 100; ++i) w.submit();
  auto const do_all = [&] {
    for (bool did = true; std::exchange(did, false);)
      for (auto* const each : w.all())
        if (!each->told_to_retire && each->current()) {
          w.do_one(*each);
          w.all_ready();
          did = true;
          break;
        }
  };
  do_all();
  std::size_t const most = w.all().size();
  BOOST_TEST(most <= 6u);
  for (int seconds = 0; seconds != 60; ++seconds) {
    w.pass(1s);
    for (auto* const each : w.all())
      if (each->signalled) w.die(*each);
    w.all_ready();
    do_all();
    BOOST_TEST(w.all().size() <= most);
  }
  for (auto const& each : w.jobs) BOOST_TEST(each.became == fate::replied);
}

BOOST_AUTO_TEST_CASE(idle_workers_are_let_go_and_come_back) {
  pool w{{.workers = 2, .idle_timeout = 1s}};
  BOOST_TEST(w.machine.workers() == 0u);
  w.submit();
  w.all_ready();
  w.do_one(w.only());
  BOOST_TEST((w.machine.wakeup() == w.now + 1s));
  w.pass(1s);
  BOOST_TEST(w.only().told_to_retire);
  w.obey();
  BOOST_TEST(w.machine.workers() == 0u);
  w.submit();
  BOOST_TEST(w.machine.workers() == 1u);
  BOOST_TEST(w.machine.restarts() == 0u);
}

BOOST_AUTO_TEST_CASE(the_longest_times_never_come) {
  pool w{{.workers = 1, .idle_timeout = std::chrono::nanoseconds::max()}};
  w.submit(std::chrono::nanoseconds::max());
  w.all_ready();
  w.begin(w.only());
  w.pass(2s);
  BOOST_TEST((w.machine.wakeup() == moment::max()));
  w.do_one(w.only());
  BOOST_TEST((w.machine.wakeup() == moment::max()));
}

// Wear

BOOST_AUTO_TEST_CASE(a_worn_worker_does_what_it_has_begun_and_is_fed_no_more) {
  pool w{{.workers = 1, .max_jobs_per_worker = 3}};
  for (int i = 0; i != 10; ++i) w.submit();
  for (int i = 0; i != 3; ++i) w.do_one(w.nth(0));
  BOOST_TEST(w.nth(0).told_to_retire);
  w.obey();
  for (int i = 0; i != 10; ++i) {
    w.all_ready();
    for (auto* const each : w.all()) w.do_one(*each);
    w.obey();
  }
  for (auto const& each : w.jobs) BOOST_TEST(each.became == fate::replied);
  BOOST_TEST(w.machine.restarts() == 3u);
}

BOOST_AUTO_TEST_CASE(a_worker_with_too_much_memory_goes_when_another_one_is_ready) {
  pool w{{.workers = 1, .max_worker_memory = 100}};
  worker& old = w.only();
  old.memory = {.own = 101};
  for (int i = 0; i != 4; ++i) w.submit();
  w.do_one(old);
  BOOST_TEST(w.machine.workers() == 2u);
  // The others wait for the replacement, which is likely to come at once.
  BOOST_TEST(old.jobs().empty());
  w.all_ready();
  BOOST_TEST(old.told_to_retire);
  BOOST_TEST((old.retires_for() == retire_cause::max_memory));
  for (int i = 0; i != 3; ++i) w.do_one(w.nth(1));
  BOOST_TEST(w.machine.idle());
}

BOOST_AUTO_TEST_CASE(a_worker_with_too_much_memory_goes_on_if_no_other_one_starts) {
  for (auto const why : {worker_end::by_itself, worker_end::refused, worker_end::with_server}) {
    pool w{{.workers = 1, .max_worker_memory = 100}};
    worker& old = w.only();
    old.memory = {.own = 101};
    for (int i = 0; i != 4; ++i) w.submit();
    w.do_one(old);
    w.die(w.nth(1), why);
    for (int i = 0; i != 3; ++i) w.do_one(old);
    BOOST_TEST(w.machine.idle());
    BOOST_TEST(!old.told_to_retire);
    w.pass(1s);
    w.all_ready();
    BOOST_TEST(old.told_to_retire);
  }
}

BOOST_AUTO_TEST_CASE(of_workers_with_too_much_memory_only_so_many_are_missing) {
  pool w{{.workers = 8, .max_worker_memory = 100, .recycle = {.max_unavailable = 2}}};
  for (auto* const who : w.all()) who->memory = {.own = 101};
  for (int i = 0; i != 100; ++i) w.submit();
  for (auto* const who : w.all()) w.do_one(*who);
  std::size_t with_jobs = 0;
  for (auto* const who : w.all())
    if (!who->jobs().empty()) ++with_jobs;
  BOOST_TEST(with_jobs == 6u);
  BOOST_TEST(w.machine.workers() == 10u);
  for (int turn = 0; turn != 100 && !w.machine.idle(); ++turn) {
    w.all_ready();
    for (auto* const who : w.all()) w.do_one(*who);
    w.obey();
  }
  BOOST_TEST(w.machine.idle());
}

BOOST_AUTO_TEST_CASE(workers_over_their_limit_at_once_are_replaced_a_few_at_a_time) {
  pool w{{.workers = 8, .recycle = {.memory_growth = 100, .max_unavailable = 2}}};
  for (auto* const who : w.all()) who->memory = {.own = 300, .at_start = 100};
  for (int i = 0; i != 16; ++i) w.submit();
  auto const old = w.all();
  for (auto* const who : old) w.do_one(*who);
  for (int turn = 0; turn != 40; ++turn) {
    BOOST_TEST(w.machine.workers() <= 10u);
    BOOST_TEST(w.able() >= 8u);
    w.all_ready();
    BOOST_TEST(w.able() >= 8u);
    for (auto* const who : w.all()) w.do_one(*who);
    w.obey();
  }
  for (auto* const who : w.all()) BOOST_TEST(who->number > 8);
  BOOST_TEST(w.machine.workers() == 8u);
  BOOST_TEST(w.machine.idle());
}

BOOST_AUTO_TEST_CASE(an_idle_worker_is_not_taken_for_the_replacement_of_a_busy_one) {
  pool w{{.workers = 2, .seats = seating::at_start}};
  job& runs_long = w.submit();
  auto& busy = static_cast<worker&>(*runs_long.worker());
  w.begin(busy);
  worker& idle = &busy == &w.nth(0) ? w.nth(1) : w.nth(0);
  w.recycle();
  // The first replacement is that of the idle one.
  BOOST_TEST(w.machine.workers() == 3u);
  worker& fresh = w.nth(2);
  BOOST_TEST((fresh.seat() == idle.seat()));
  BOOST_TEST(!idle.told_to_retire);
  w.ready(fresh);
  BOOST_TEST(idle.told_to_retire);
  BOOST_TEST(w.submit().worker() == &fresh);
}

// A worker that is being killed has its slot no more, if it was not seated.
BOOST_AUTO_TEST_CASE(replacements_go_where_they_are_needed_though_earlier_ones_are_still_dying) {
  pool w{{.workers = 4, .seats = seating::at_start}};
  w.recycle();
  BOOST_TEST(w.machine.workers() == 5u);
  worker& hangs = w.nth(4);
  w.recycle();
  BOOST_TEST((hangs.signalled == cancel_kind::terminate));
  for (int turn = 0; turn != 10; ++turn) {
    w.all_ready();
    for (auto* const who : w.all())
      if (who->told_to_retire) w.die(*who);
  }
  BOOST_TEST(!w.machine.recycling());
  BOOST_TEST(w.able() == 4u);
}

BOOST_AUTO_TEST_CASE(a_worker_that_is_killed_is_replaced_in_its_own_slot) {
  for (auto const seats : {seating::when_ready, seating::at_start, seating::until_end})
    for (std::size_t const killed : {0u, 1u, 2u}) {
      pool w{{.workers = 3, .seats = seats}};
      std::vector<job*> jobs;
      for (int i = 0; i != 3; ++i) jobs.push_back(&w.submit(1s));
      for (auto* const who : w.all()) w.begin(*who);
      auto const victim = std::find_if(jobs.begin(), jobs.end(), [&](const job* each) {
        return static_cast<worker&>(*each->worker()).seat() == killed;
      });
      BOOST_REQUIRE((victim != jobs.end()));
      w.cancel(**victim);
      // Its replacement may be started before its process has ended.
      w.all_ready();
      w.obey();
      w.all_ready();
      for (auto* const who : w.all()) w.do_one(*who);
      std::set<std::size_t> seen;
      for (int i = 0; i != 3; ++i)
        seen.insert(static_cast<worker&>(*w.submit().worker()).seat().value());
      BOOST_TEST(seen.size() == 3u);
    }
}

BOOST_AUTO_TEST_CASE(a_worker_that_does_not_end_holds_up_no_replacement_in_another_slot) {
  pool w{{.workers = 2, .recycle = {.age = 5s}, .seats = seating::until_end}};
  std::vector<job*> jobs{&w.submit(), &w.submit()};
  for (auto* const who : w.all()) w.begin(*who);
  auto const victim = std::find_if(jobs.begin(), jobs.end(), [](const job* each) {
    return static_cast<worker&>(*each->worker()).seat() == 0u;
  });
  BOOST_REQUIRE((victim != jobs.end()));
  w.cancel(**victim);
  BOOST_TEST(w.machine.workers() == 2u);
  w.pass(6s);
  BOOST_TEST(w.machine.workers() == 3u);
  BOOST_TEST((w.nth(2).seat() == 1u));
}

BOOST_AUTO_TEST_CASE(with_a_process_a_job_others_wait_ahead_of_need) {
  pool w{{.workers = 2, .max_jobs_per_worker = 1}};
  BOOST_TEST(w.machine.workers() == 4u);
  for (int i = 0; i != 4; ++i) w.submit();
  BOOST_TEST(w.machine.running() == 2u);
  BOOST_TEST(w.machine.waiting() == 2u);
  std::vector<worker*> busy;
  for (auto* const each : w.all())
    if (!each->jobs().empty()) busy.push_back(each);
  for (auto* const each : busy) w.do_one(*each);
  BOOST_TEST(w.machine.running() == 2u);
}

BOOST_AUTO_TEST_CASE(a_worker_without_a_slot_ends_its_errand_before_it_leaves) {
  pool w{{.workers = 2, .max_jobs_per_worker = 1}};
  worker& spare = w.nth(3);
  BOOST_TEST(!spare.seat());
  job& errand = w.errand(spare);
  w.begin(spare);
  w.resize(1);
  BOOST_TEST(!spare.told_to_retire);
  BOOST_TEST((spare.retires_for() == retire_cause::resized));
  w.obey();
  BOOST_TEST(w.machine.workers() == 3u);
  w.do_one(spare);
  BOOST_TEST(errand.became == fate::replied);
  BOOST_TEST(spare.told_to_retire);
  w.obey();
  BOOST_TEST(w.machine.workers() == 2u);
  BOOST_TEST(w.machine.restarts() == 0u);
}

BOOST_AUTO_TEST_CASE(a_pool_that_shrinks_keeps_as_many_as_it_wants_besides_those_that_are_busy) {
  pool w{{.workers = 2, .max_jobs_per_worker = 1}};
  BOOST_TEST(w.machine.workers() == 4u);
  job& first = w.submit();
  job& second = w.submit();
  for (auto* const each : w.all()) w.begin(*each);
  w.resize(1);
  w.obey();
  // One with a place, one that has to leave after its job, and one ahead of need.
  BOOST_TEST(w.machine.workers() == 3u);
  for (auto* const each : w.all()) w.do_one(*each);
  BOOST_TEST(first.became == fate::replied);
  BOOST_TEST(second.became == fate::replied);
}

// Ends of workers

BOOST_AUTO_TEST_CASE(a_crash_costs_the_job_that_ran) {
  pool w{{.workers = 1}};
  job& crashes = w.submit();
  for (int i = 0; i != 5; ++i) w.submit();
  w.begin(w.only());
  w.die(w.only());
  BOOST_TEST(crashes.became == fate::ran);
  BOOST_TEST(crashes.because == stop_cause::none);
  BOOST_TEST(w.machine.waiting() == 5u);
  w.all_ready();
  for (int i = 0; i != 5; ++i) w.do_one(w.only());
  BOOST_TEST(w.machine.idle());
}

BOOST_AUTO_TEST_CASE(only_the_first_job_can_have_begun_whatever_a_page_says) {
  pool w{{.workers = 1}};
  job& liar = w.submit();
  for (int i = 0; i != 5; ++i) w.submit();
  w.begin(w.only());
  w.only().lie = [](const job&) { return true; };
  w.die(w.only());
  BOOST_TEST(liar.became == fate::ran);
  BOOST_TEST(w.machine.waiting() == 5u);
}

BOOST_AUTO_TEST_CASE(a_job_that_hides_its_beginning_is_not_given_to_a_third) {
  pool w{{.workers = 1}};
  job& liar = w.submit();
  for (int i = 0; i != 2; ++i) {
    BOOST_TEST(liar.became == fate::waiting);
    w.begin(w.only());
    w.only().lie = [](const job&) { return false; };
    w.die(w.only());
    w.all_ready();
  }
  BOOST_TEST(liar.became == fate::unknown);
}

BOOST_AUTO_TEST_CASE(a_job_that_hides_its_beginning_does_not_outlive_its_time_for_long) {
  pool w{{.workers = 1}};
  job& liar = w.submit(1s);
  for (int i = 0; i != 2; ++i) {
    BOOST_TEST(liar.became == fate::waiting);
    w.begin(w.only());
    w.only().lie = [](const job&) { return false; };
    w.pass(1s);
    w.pass(1s);
    BOOST_TEST((w.nth(0).signalled == cancel_kind::terminate));
    w.obey();
    w.all_ready();
  }
  BOOST_TEST(liar.became == fate::not_begun);
}

BOOST_AUTO_TEST_CASE(a_job_whose_time_is_over_before_it_begins_is_given_a_moment) {
  pool w{{.workers = 1}};
  job& at_once = w.submit(0s);
  w.pass(0s);
  BOOST_TEST(!w.only().signalled);
  BOOST_TEST((w.machine.wakeup() <= w.now + 1ms));
  w.begin(w.only());
  w.pass(1ms);
  BOOST_TEST((w.nth(0).signalled == cancel_kind::terminate));
  w.obey();
  BOOST_TEST(at_once.became == fate::ran);
  BOOST_TEST(at_once.because == stop_cause::timeout);
}

BOOST_AUTO_TEST_CASE(a_page_that_says_a_later_job_has_begun_ends_its_worker) {
  pool w{{.workers = 1}};
  job& liar = w.submit();
  job& innocent = w.submit();
  w.begin(w.only());
  w.only().lie = [](const job&) { return true; };
  w.cancel(innocent);
  BOOST_TEST((w.nth(0).signalled == cancel_kind::terminate));
  w.obey();
  BOOST_TEST(liar.became == fate::ran);
  BOOST_TEST(liar.because == stop_cause::malformed_reply);
  BOOST_TEST(innocent.became == fate::cancelled);
}

BOOST_AUTO_TEST_CASE(a_worker_that_leaves_its_jobs_takes_none_along) {
  pool w{{.workers = 1}};
  std::vector<job*> all;
  for (int i = 0; i != 3; ++i) all.push_back(&w.submit());
  // The page says that the job has begun, and the worker that it has not.
  w.only().lie = [](const job&) { return true; };
  w.machine.left_its_jobs(w.only());
  w.hear(w.only());
  w.cancel(*all[1]);
  w.obey();
  BOOST_TEST(!w.machine.has_given_up());
  w.all_ready();
  for (int i = 0; i != 2; ++i) w.do_one(w.only());
  BOOST_TEST(all[0]->became == fate::replied);
  BOOST_TEST(all[1]->became == fate::cancelled);
  BOOST_TEST(all[2]->became == fate::replied);
}

BOOST_AUTO_TEST_CASE(a_job_that_workers_leave_twice_is_not_given_to_a_third) {
  pool w{{.workers = 1}};
  job& unlucky = w.submit();
  for (int i = 0; i != 2; ++i) {
    w.all_ready();
    w.machine.left_its_jobs(w.only());
    w.hear(w.only());
    w.obey();
  }
  BOOST_TEST(unlucky.became == fate::unknown);
}

BOOST_AUTO_TEST_CASE(time_does_not_count_before_a_job_begins) {
  pool w{{.workers = 1}};
  job& timed = w.submit(500ms);
  for (int i = 0; i != 170; ++i) w.pass(10ms);
  BOOST_TEST(!w.only().signalled);
  w.begin(w.only());
  for (int i = 0; i != 49; ++i) w.pass(10ms);
  BOOST_TEST(!w.only().signalled);
  for (int i = 0; i != 5; ++i) w.pass(10ms);
  BOOST_TEST((w.nth(0).signalled == cancel_kind::terminate));
  w.obey();
  BOOST_TEST(timed.because == stop_cause::timeout);
}

BOOST_AUTO_TEST_CASE(arguments_that_no_worker_can_hold_cost_one_job_and_break_nothing) {
  pool w{{.workers = 1}};
  for (int i = 0; i != 5; ++i) {
    job& poison = w.submit();
    job& other = w.submit();
    w.work(w.only());
    w.die(w.only());
    BOOST_TEST(poison.became == fate::not_received);
    w.all_ready();
    w.do_one(w.only());
    BOOST_TEST(other.became == fate::replied);
  }
  BOOST_TEST(!w.machine.has_given_up());
}

BOOST_AUTO_TEST_CASE(a_malformed_reply_costs_the_job_that_runs) {
  pool w{{.workers = 1}};
  job& scribbles = w.submit();
  job& behind = w.submit();
  w.begin(w.only());
  w.machine.malformed(w.only());
  w.hear(w.only());
  BOOST_TEST((w.nth(0).signalled == cancel_kind::terminate));
  w.obey();
  BOOST_TEST(scribbles.became == fate::ran);
  BOOST_TEST(scribbles.because == stop_cause::malformed_reply);
  w.all_ready();
  w.do_one(w.only());
  BOOST_TEST(behind.became == fate::replied);
}

// Starts

BOOST_AUTO_TEST_CASE(a_pool_without_workers_refuses_its_jobs_after_three_refusals) {
  world w{{.workers = 1}};
  w.refusals = 100;
  w.die(w.only(), worker_end::refused);
  job& waits = w.submit();
  for (int i = 0; i != 10 && waits.became == fate::waiting; ++i) w.pass(2s);
  BOOST_TEST(waits.became == fate::no_worker);
  w.refusals = 0;
  w.pass(2s);
  BOOST_TEST(w.machine.workers() == 1u);
}

BOOST_AUTO_TEST_CASE(a_job_does_not_wait_for_a_retry_that_is_far_off) {
  world w{{.workers = 1}};
  w.die(w.only(), worker_end::refused);
  BOOST_TEST(w.machine.workers() == 0u);
  w.submit();
  BOOST_TEST(w.machine.workers() == 1u);
}

BOOST_AUTO_TEST_CASE(a_pool_with_workers_does_not_give_up) {
  world w{{.workers = 2, .startup = {.give_up_after = 1}}};
  job& waits = w.submit();
  w.ready(w.nth(1));
  BOOST_TEST(waits.worker() == &w.nth(1));
  job& second = w.submit();
  w.die(w.nth(0));
  BOOST_TEST(!w.machine.has_given_up());
  w.do_one(w.only());
  w.do_one(w.only());
  BOOST_TEST(waits.became == fate::replied);
  BOOST_TEST(second.became == fate::replied);
  job& last = w.submit();
  w.begin(w.only());
  job& behind = w.submit();
  w.die(w.only());
  BOOST_TEST(last.became == fate::ran);
  BOOST_TEST(w.machine.has_given_up());
  BOOST_TEST(behind.became == fate::gave_up);
  BOOST_TEST(w.submit().became == fate::gave_up);
  BOOST_TEST(w.machine.idle());
}

BOOST_AUTO_TEST_CASE(starts_that_fail_become_rarer_until_the_pool_gives_up) {
  world w{{.workers = 1}};
  job& waits = w.submit();
  auto const started_at = w.now;
  std::vector<std::chrono::milliseconds> starts;
  for (int i = 0; i != 3; ++i) {
    BOOST_REQUIRE(w.machine.workers() == 1u);
    starts.push_back(std::chrono::duration_cast<std::chrono::milliseconds>(w.now - started_at));
    if (i % 2 == 0)
      w.die(w.only());
    else
      w.fail(w.only());
    w.obey();
    BOOST_TEST(w.machine.workers() == 0u);
    // A job that comes meanwhile hurries nothing.
    if (i != 2) w.submit();
    BOOST_TEST(w.machine.workers() == 0u);
    while (w.machine.workers() == 0 && !w.machine.has_given_up()) w.pass(10ms);
  }
  BOOST_TEST((starts == std::vector{0ms, 100ms, 300ms}));
  BOOST_TEST(w.machine.has_given_up());
  BOOST_TEST(waits.became == fate::gave_up);
  w.pass(1h);
  BOOST_TEST(w.machine.workers() == 0u);
  w.resume();
  job& again = w.submit();
  w.all_ready();
  w.do_one(w.only());
  BOOST_TEST(again.became == fate::replied);
  BOOST_TEST(!w.machine.has_given_up());
}

BOOST_AUTO_TEST_CASE(starts_that_are_never_given_up_stay_apart_by_the_longest_time) {
  world w{{.workers = 3, .startup = {.backoff_max = 3s, .give_up_after = 0}}};
  for (auto* const who : w.all()) w.die(*who);
  int starts = 0;
  for (int i = 0; i != 600; ++i) {
    w.pass(100ms);
    for (auto* const who : w.all()) {
      ++starts;
      w.die(*who);
    }
  }
  BOOST_TEST(starts > 20);
  BOOST_TEST(starts < 26);
}

BOOST_AUTO_TEST_CASE(one_start_in_three_that_succeeds_is_enough) {
  world w{{.workers = 4}};
  job& waits = w.submit();
  for (int i = 0; waits.became == fate::waiting && i != 100; ++i) {
    for (auto* const who : w.all()) {
      if (who->ready()) continue;
      if (i % 3 == 2)
        w.ready(*who);
      else
        w.die(*who);
      break;
    }
    for (auto* const who : w.all())
      if (who->ready()) w.do_one(*who);
    w.pass(1s);
  }
  BOOST_TEST(waits.became == fate::replied);
  BOOST_TEST(!w.machine.has_given_up());
}

BOOST_AUTO_TEST_CASE(a_worker_that_hangs_in_its_start_is_ended) {
  world w{{.workers = 1, .startup = {.timeout = 5s, .give_up_after = 2}}};
  job& waits = w.submit();
  w.pass(4s);
  BOOST_TEST(!w.only().signalled);
  w.pass(1s);
  BOOST_TEST((w.only().signalled == cancel_kind::terminate));
  BOOST_TEST(w.only().stopped_for() == stop_cause::start_timeout);
  w.obey();
  w.pass(100ms);
  w.ready(w.only());
  w.do_one(w.only());
  BOOST_TEST(waits.became == fate::replied);
  w.pass(10s);
  BOOST_TEST(!w.only().signalled);
}

BOOST_AUTO_TEST_CASE(workers_that_die_as_soon_as_they_are_ready_are_no_success) {
  world w{{.workers = 1}};
  for (int i = 0; i != 3; ++i) {
    while (w.machine.workers() == 0) w.pass(10ms);
    w.ready(w.only());
    w.pass(500ms);
    w.die(w.only());
  }
  BOOST_TEST(w.machine.has_given_up());
}

BOOST_AUTO_TEST_CASE(ends_of_use_are_no_failures_to_start) {
  pool w{{.workers = 1, .max_jobs_per_worker = 2, .startup = {.give_up_after = 1}}};
  for (int i = 0; i != 20; ++i) {
    job& each = w.submit();
    w.all_ready();
    w.begin(*w.all().back());
    if (i % 5 == 0)
      w.die(*w.all().back());
    else
      w.do_one(*w.all().back());
    w.obey();
    BOOST_TEST(each.became != fate::waiting);
  }
  w.all_ready();
  w.pass(6s);
  w.die(*w.all().back());
  BOOST_TEST(!w.machine.has_given_up());
}

BOOST_AUTO_TEST_CASE(workers_that_die_with_their_server_do_not_break_the_pool) {
  world w{{.workers = 4, .startup = {.give_up_after = 1}}};
  job& waits = w.submit();
  for (int round = 0; round != 5; ++round) {
    for (auto* const who : w.all()) w.die(*who, worker_end::with_server);
    BOOST_TEST(!w.machine.has_given_up());
    BOOST_TEST(w.machine.workers() == 0u);
    w.pass(1s);
    BOOST_TEST(w.machine.workers() == 4u);
  }
  w.all_ready();
  for (auto* const who : w.all()) w.do_one(*who);
  BOOST_TEST(waits.became == fate::replied);
}

BOOST_AUTO_TEST_CASE(workers_that_are_killed_before_their_first_job_do_not_break_the_pool) {
  pool w{{.workers = 4}};
  std::vector<job*> all;
  for (int i = 0; i != 12; ++i) all.push_back(&w.submit());
  for (auto* const who : w.all()) w.die(*who);
  BOOST_TEST(!w.machine.has_given_up());
  w.all_ready();
  for (int i = 0; i != 12; ++i)
    for (auto* const who : w.all()) w.do_one(*who);
  for (auto const* const each : all) BOOST_TEST(each->became == fate::replied);
}

BOOST_AUTO_TEST_CASE(workers_that_are_refused_together_are_refused_once) {
  world w{{.workers = 4}};
  job& waits = w.submit();
  for (auto* const who : w.all()) w.die(*who, worker_end::refused);
  BOOST_TEST(waits.became == fate::waiting);
  for (int round = 0; round != 2; ++round) {
    w.pass(1s);
    for (auto* const who : w.all()) w.die(*who, worker_end::refused);
  }
  BOOST_TEST(waits.became == fate::no_worker);
}

// Stopping

BOOST_AUTO_TEST_CASE(a_state_that_workers_cannot_start_with_breaks_the_pool) {
  world w{{.workers = 2}};
  job& waits = w.submit();
  for (auto* const who : w.all()) w.die(*who, worker_end::unprepared);
  BOOST_TEST(!w.machine.has_given_up());
  BOOST_TEST(w.machine.workers() == 0u);
  for (int i = 0; i != 2; ++i) {
    w.pass(1s);
    w.die(w.only(), worker_end::unprepared);
  }
  BOOST_TEST(w.machine.has_given_up());
  BOOST_TEST(waits.became == fate::gave_up);
  BOOST_TEST(w.machine.workers() == 0u);
  BOOST_TEST(w.machine.restarts() == 0u);
}

// Recycling

BOOST_AUTO_TEST_CASE(workers_are_recycled_one_after_the_other) {
  pool w{{.workers = 2}};
  auto const old = w.all();
  w.recycle();
  BOOST_TEST(w.machine.recycling());
  BOOST_REQUIRE(w.workers.size() == 3u);
  // No old one goes before the new one is ready.
  BOOST_TEST(!old[0]->told_to_retire);
  BOOST_TEST(!old[1]->told_to_retire);
  w.ready(w.nth(2));
  BOOST_TEST((old[0]->told_to_retire != old[1]->told_to_retire));
  w.all_ready();
  w.obey();
  w.all_ready();
  w.obey();
  BOOST_TEST(!w.machine.recycling());
  BOOST_TEST(w.machine.workers() == 2u);
  BOOST_TEST(w.machine.restarts() == 2u);
  for (auto* const each : w.all())
    BOOST_TEST((std::find(old.begin(), old.end(), each) == old.end()));
}

BOOST_AUTO_TEST_CASE(an_old_worker_does_what_it_has_begun) {
  pool w{{.workers = 1}};
  job& runs = w.submit();
  job& waits = w.submit();
  worker& old = w.only();
  w.begin(old);
  w.recycle();
  w.ready(w.nth(1));
  BOOST_TEST(!old.told_to_retire);
  // No more jobs run at once than ever.
  BOOST_TEST(!waits.worker());
  w.do_one(old);
  BOOST_TEST(waits.worker() == &w.nth(1));
  BOOST_TEST(runs.became == fate::replied);
  BOOST_TEST(old.told_to_retire);
  BOOST_TEST(!w.machine.recycling());
  w.do_one(w.nth(1));
  BOOST_TEST(waits.became == fate::replied);
}

BOOST_AUTO_TEST_CASE(old_workers_go_on_while_no_new_one_can_be_made) {
  pool w{{.workers = 1}};
  w.refusals = 5;
  w.recycle();
  job& runs = w.submit();
  w.do_one(w.only());
  BOOST_TEST(runs.became == fate::replied);
  BOOST_TEST(w.machine.recycling());
  for (int i = 0; i != 6; ++i) w.pass(10s);
  w.all_ready();
  w.obey();
  BOOST_TEST(!w.machine.recycling());
  BOOST_TEST(w.machine.workers() == 1u);
}

BOOST_AUTO_TEST_CASE(workers_that_are_not_wanted_are_not_replaced) {
  pool w{{.workers = 2, .idle_timeout = 1h}};
  w.submit();
  w.submit();
  w.all_ready();
  for (auto* const who : w.all()) w.do_one(*who);
  BOOST_TEST(w.machine.workers() == 2u);
  w.recycle();
  for (auto* const who : w.all()) BOOST_TEST(who->told_to_retire);
  w.obey();
  BOOST_TEST(!w.machine.recycling());
  BOOST_TEST(w.machine.workers() == 0u);
}

BOOST_AUTO_TEST_CASE(recycled_again_meanwhile_all_are_replaced) {
  pool w{{.workers = 2}};
  w.recycle();
  w.ready(w.nth(2));
  worker* const between = &w.nth(2);
  w.recycle();
  for (int i = 0; i != 5; ++i) {
    w.all_ready();
    w.obey();
  }
  BOOST_TEST(!w.machine.recycling());
  BOOST_TEST(w.machine.workers() == 2u);
  for (auto* const each : w.all()) BOOST_TEST((each != between));
}

BOOST_AUTO_TEST_CASE(a_long_job_holds_up_no_other_replacement) {
  pool w{{.workers = 3}};
  job& runs = w.submit();
  auto* const busy = static_cast<worker*>(runs.worker());
  BOOST_REQUIRE(busy);
  w.begin(*busy);
  w.recycle();
  for (int i = 0; i != 8; ++i) {
    w.all_ready();
    w.obey();
  }
  BOOST_TEST(!w.machine.recycling());
  BOOST_TEST(runs.became == fate::waiting);
  // The others have been replaced, and the busy one has its replacement.
  BOOST_TEST(w.machine.restarts() == 2u);
  BOOST_TEST(w.workers.size() == 4u);
  w.do_one(*busy);
  w.obey();
  BOOST_TEST(w.machine.restarts() == 3u);
  BOOST_TEST(w.workers.size() == 3u);
}

BOOST_AUTO_TEST_CASE(a_pool_that_is_stopped_or_broken_recycles_nothing) {
  pool stopped{{.workers = 1}};
  stopped.recycle();
  stopped.stop();
  BOOST_TEST(!stopped.machine.recycling());
  pool broken{{.workers = 1, .startup = {.give_up_after = 1}}};
  broken.recycle();
  broken.ready(broken.nth(1));
  broken.obey();
  broken.submit();
  broken.begin(broken.only());
  broken.die(broken.only());
  broken.fail(broken.only());
  BOOST_TEST(broken.machine.has_given_up());
  BOOST_TEST(!broken.machine.recycling());
  // But other data may help.
  broken.recycle();
  BOOST_TEST(!broken.machine.has_given_up());
  broken.all_ready();
  BOOST_TEST(!broken.machine.recycling());
}

BOOST_AUTO_TEST_CASE(workers_that_never_became_ready_are_replaced_at_once) {
  for (bool const one_is_ready : {false, true}) {
    world w{{.workers = 4, .startup = {.give_up_after = 1}}};
    job& waits = w.submit();
    job& also = w.submit();
    auto const old = w.all();
    if (one_is_ready) w.ready(w.nth(3));
    w.recycle();
    for (std::size_t i = 0; i != 3; ++i) BOOST_TEST((old[i]->signalled == cancel_kind::terminate));
    BOOST_TEST(old[3]->signalled.has_value() != one_is_ready);
    BOOST_TEST(w.workers.size() == 8u);
    BOOST_TEST(w.machine.recycling());
    BOOST_TEST(w.machine.can_go_back() == one_is_ready);
    // Their ends are no failures to start, and neither is what they say of themselves.
    w.ready(*old[0]);
    w.fail(*old[1]);
    for (int i = 0; i != 4; ++i) {
      w.obey();
      w.all_ready();
      for (auto* const who : w.all()) w.do_one(*who);
    }
    BOOST_TEST(!w.machine.has_given_up());
    BOOST_TEST(!w.machine.recycling());
    BOOST_TEST(waits.became == fate::replied);
    BOOST_TEST(also.became == fate::replied);
    BOOST_TEST(w.workers.size() == 4u);
    BOOST_TEST(w.machine.restarts() == 4u);
    BOOST_TEST(w.times_gone_back == 0);
  }
}

BOOST_AUTO_TEST_CASE(workers_of_before_stay_if_new_ones_cannot_be_initialised) {
  for (bool const throws : {true, false}) {
    pool w{{.workers = 2, .startup = {.give_up_after = 1}}};
    auto const old = w.all();
    w.recycle();
    worker& fresh = w.nth(2);
    if (throws)
      w.fail(fresh);
    else
      w.die(fresh);
    BOOST_TEST(w.times_gone_back == 1);
    BOOST_TEST(!w.machine.recycling());
    BOOST_TEST(!w.machine.has_given_up());
    w.obey();
    BOOST_TEST((w.all() == old));
    BOOST_TEST(w.machine.restarts() == 0u);
    job& runs = w.submit();
    for (auto* const who : old) w.do_one(*who);
    BOOST_TEST(runs.became == fate::replied);
    // The next attempt replaces them.
    w.recycle();
    for (int i = 0; i != 3; ++i) {
      w.all_ready();
      w.obey();
    }
    BOOST_TEST(!w.machine.recycling());
    BOOST_TEST(w.machine.restarts() == 2u);
    for (auto* const each : w.all())
      BOOST_TEST((std::find(old.begin(), old.end(), each) == old.end()));
  }
}

BOOST_AUTO_TEST_CASE(a_failure_leaves_what_has_been_replaced) {
  pool w{{.workers = 2, .startup = {.give_up_after = 1}}};
  w.recycle();
  worker* const replacement = &w.nth(2);
  w.ready(*replacement);
  w.obey();
  BOOST_REQUIRE(w.workers.size() == 3u);
  worker* const stays = &w.nth(0);
  w.fail(w.nth(2));
  w.obey();
  BOOST_TEST(w.times_gone_back == 1);
  BOOST_TEST((w.all() == std::vector{stays, replacement}));
  BOOST_TEST(w.machine.restarts() == 1u);
}

BOOST_AUTO_TEST_CASE(recycling_fails_as_a_pool_breaks) {
  for (worker_end const why : {worker_end::by_itself, worker_end::unprepared}) {
    pool w{{.workers = 1}};
    worker* const old = &w.only();
    w.recycle();
    for (int i = 0; i != 3; ++i) {
      BOOST_TEST(w.machine.recycling());
      w.die(w.nth(1), why);
      w.pass(1s);
    }
    BOOST_TEST(w.times_gone_back == 1);
    BOOST_TEST(!w.machine.has_given_up());
    BOOST_TEST((w.all() == std::vector{old}));
  }
}

BOOST_AUTO_TEST_CASE(a_failure_goes_back_though_jobs_have_used_up_the_workers_of_before) {
  pool w{{.workers = 1, .max_jobs_per_worker = 1, .startup = {.give_up_after = 1}}};
  w.recycle();
  for (auto* const old : {&w.nth(0), &w.nth(1)}) {
    w.submit();
    w.do_one(*old);
    w.obey();
  }
  // None is left, but none of the others is ready, either.
  BOOST_TEST(w.machine.recycling());
  job& waits = w.submit();
  w.fail(w.nth(0));
  w.obey();
  BOOST_TEST(w.times_gone_back == 1);
  BOOST_TEST(!w.machine.has_given_up());
  BOOST_TEST(!w.machine.recycling());
  w.all_ready();
  for (auto* const who : w.all()) w.do_one(*who);
  BOOST_TEST(waits.became == fate::replied);
}

BOOST_AUTO_TEST_CASE(workers_that_have_not_been_proven_are_not_gone_back_to) {
  world never{{.workers = 1, .startup = {.give_up_after = 1}}};
  never.recycle();
  never.obey();
  never.fail(never.only());
  BOOST_TEST(never.machine.has_given_up());
  // Workers of the second kind are not proven, those of the first are.
  pool w{{.workers = 1, .startup = {.give_up_after = 1}}};
  w.recycle();
  BOOST_TEST(!w.machine.proven());
  w.recycle();
  BOOST_TEST(w.machine.can_go_back());
  w.ready(w.nth(2));
  w.obey();
  BOOST_TEST(w.machine.proven());
  // Once all is replaced there is no way back.
  BOOST_TEST(!w.machine.recycling());
  BOOST_TEST(!w.machine.can_go_back());
  w.submit();
  w.begin(w.only());
  w.die(w.only());
  w.fail(w.only());
  BOOST_TEST(w.machine.has_given_up());
  BOOST_TEST(w.times_gone_back == 0);
}

BOOST_AUTO_TEST_CASE(stopping_tells_each_job_what_became_of_it) {
  pool w{{.workers = 1}};
  job& runs = w.submit();
  job& sent = w.submit();
  w.begin(w.only());
  w.stop();
  BOOST_TEST(sent.became == fate::pool_stopped);
  BOOST_TEST(runs.became == fate::waiting);
  BOOST_TEST(!w.machine.idle());
  w.obey();
  BOOST_TEST(runs.became == fate::ran);
  BOOST_TEST(runs.because == stop_cause::pool_stopped);
  BOOST_TEST(w.submit().became == fate::pool_stopped);
  BOOST_TEST(w.machine.idle());
  BOOST_TEST(w.machine.workers() == 0u);
}

BOOST_AUTO_TEST_CASE(a_copy_of_the_program_has_no_workers_until_there_is_a_job) {
  pool w{{.workers = 2}};
  for (int i = 0; i != 5; ++i) w.submit();
  w.begin(w.nth(0));
  w.disown();
  for (auto const& each : w.jobs) BOOST_TEST(each.became == fate::disowned);
  BOOST_TEST(w.machine.idle());
  BOOST_TEST(w.machine.workers() == 0u);
  w.pass(1h);
  BOOST_TEST(w.machine.workers() == 0u);
  job& fresh = w.submit();
  BOOST_TEST(w.machine.workers() == 2u);
  BOOST_TEST(w.machine.restarts() == 0u);
  w.all_ready();
  for (auto* const who : w.all()) w.do_one(*who);
  BOOST_TEST(fresh.became == fate::replied);
}

// Random walks

struct walk_rules {
  pool_policy policy;
  bool lies = false;
};

/// Everything that can happen, in any order: no job is lost, none is run twice without being told,
/// none is given to a worker that cannot do it, and the machine comes to rest.
/// @return how many jobs were asked to stop
std::ptrdiff_t walk(unsigned seed, const walk_rules& rules) {
  BOOST_TEST_INFO_SCOPE("seed " << seed);
  std::mt19937 random{seed};
  auto const below = [&](std::size_t n) {
    return std::uniform_int_distribution<std::size_t>{0, n - 1}(random);
  };
  world w{rules.policy};
  auto const some_worker = [&]() -> worker* {
    return w.workers.empty() ? nullptr : w.workers[below(w.workers.size())].get();
  };
  for (int step = 0; step != 300; ++step) {
    worker* const who = some_worker();
    switch (below(17)) {
      case 0:
      case 1: w.submit(); break;
      case 2:
        w.wish({.rank = {.priority = static_cast<int>(below(3)),
                         .tenant = std::string(below(2), 't'),
                         .deadline = below(2) == 0 ? moment::max()
                                                   : w.now + std::chrono::milliseconds{below(40)}},
                .key = below(3),
                .waits_for_room = below(2) == 0});
        break;
      case 3:
        w.submit(std::chrono::milliseconds{below(50)}, std::chrono::milliseconds{below(2) * 20},
                 {.rank = {.deadline = below(4) == 0 ? w.now + std::chrono::milliseconds{below(40)}
                                                     : moment::max()},
                  .listens = below(2) == 0});
        break;
      case 4:
      case 5:
      case 6:
        if (who) w.work(*who);
        break;
      case 7:
        // Jobs are done faster than they come, so that not all wait.
        for (auto left = below(20); who && left != 0; --left) w.do_one(*who);
        break;
      case 8:
        if (who) w.hear(*who);
        break;
      case 9:
        if (!w.jobs.empty()) {
          auto chosen = w.jobs.begin();
          std::advance(chosen, static_cast<std::ptrdiff_t>(below(w.jobs.size())));
          if (auto const how = below(4); how == 3)
            w.withdraw(*chosen);
          else
            w.cancel(*chosen, static_cast<cancel_kind>(how));
        }
        break;
      case 10:
        // A worker that does not go on for long is killed, or let go on.
        w.pass(below(20) == 0 ? 3s : std::chrono::milliseconds{below(30)});
        break;
      case 11: w.obey(); break;
      case 12:
        if (who && !who->ready() && below(20) == 0) {
          w.fail(*who);
        } else if (below(2) == 0) {
          w.all_ready();
        } else if (who && !who->ready()) {
          w.ready(*who);
        }
        break;
      case 13:
        if (who && below(3) == 0)
          w.die(*who, who->ready() || below(2) == 0 ? worker_end::by_itself : worker_end::refused);
        break;
      case 14:
        if (who) who->frozen = !who->frozen && below(4) == 0;
        break;
      case 15:
        if (rules.lies && who && who->first() && below(4) == 0) {
          bool const word = below(2) == 0;
          who->lie = [word](const job&) { return word; };
        } else if (below(100) == 0) {
          w.refusals = static_cast<int>(below(5));
        } else if (below(200) == 0) {
          w.stop();
        } else if (below(100) == 0) {
          w.disown();
        } else if (below(20) == 0) {
          w.recycle();
        } else if (below(20) == 0) {
          w.resume();
        } else if (below(10) == 0) {
          w.resize(1 + below(5));
        } else if (who && below(3) == 0) {
          w.errand(*who, {}, std::chrono::milliseconds{below(2) * 20}, {.listens = below(2) == 0});
        } else if (who && below(10) == 0) {
          w.retire(*who);
        } else if (who && below(3) == 0) {
          who->memory = {.own = below(300), .at_start = below(100)};
          who->healthy = below(3) != 0;
        }
        break;
      case 16: {
        job& heard = w.submit({}, std::chrono::milliseconds{20}, {.listens = true});
        while (heard.worker() && heard.worker()->first() != &heard && below(10) != 0)
          w.do_one(static_cast<worker&>(*heard.worker()));
        if (heard.worker()) w.begin(static_cast<worker&>(*heard.worker()));
        w.cancel(heard, static_cast<cancel_kind>(below(3)));
        break;
      }
    }
  }
  // Then all that can be done is done, and who hangs is killed.
  w.refusals = 0;
  w.resume();
  for (auto* const who : w.all())
    if (who->frozen) w.die(*who);
  // An idle pool may still check the health of its workers.
  auto const works = [&] {
    return !w.machine.idle() || std::any_of(w.workers.begin(), w.workers.end(),
                                            [](auto const& each) { return !each->jobs().empty(); });
  };
  for (int turn = 0; turn != 2000 && works(); ++turn) {
    w.all_ready();
    for (auto* const who : w.all())
      if (std::any_of(w.workers.begin(), w.workers.end(),
                      [&](auto const& each) { return each.get() == who; }))
        w.do_one(*who);
    w.obey();
    w.pass(20ms);
  }
  BOOST_TEST(w.machine.idle());
  for (int turn = 0; turn != 100 && w.machine.recycling(); ++turn) {
    w.all_ready();
    w.obey();
    w.pass(1s);
  }
  BOOST_TEST(!w.machine.recycling());
  auto const has_empty_slot = [&] {
    std::set<std::size_t> seats;
    std::size_t able = 0;
    for (auto* const who : w.all())
      if (who->ready() && who->stays()) {
        ++able;
        if (who->seat()) seats.insert(*who->seat());
      }
    // Workers that are made ahead of need wait for a slot.
    return seats.size() != std::min(able, w.machine.size());
  };
  // A replacement may have to wait before it is started.
  for (int turn = 0; turn != 100 && has_empty_slot(); ++turn) {
    w.all_ready();
    w.obey();
    w.pass(1s);
  }
  expect(!has_empty_slot(), "no slot stays empty that a worker could have");
  for (auto const& each : w.jobs) {
    expect(each.became != fate::waiting, "no job is lost");
    if (rules.lies || each.became == fate::disowned) continue;
    bool const ran = each.became == fate::replied || each.became == fate::ran;
    if (each.begun != (ran ? 1 : 0))
      BOOST_FAIL("job " << each.number << " begun " << each.begun << " but " << each.became
                        << " because " << each.because);
  }
  return std::count_if(w.jobs.begin(), w.jobs.end(),
                       [](const job& each) { return each.asked != 0; });
}

BOOST_AUTO_TEST_CASE(random_walks_lose_no_job) {
  const pool_policy policies[] = {
      {.workers = 1},
      {.workers = 3},
      {.workers = 2, .max_jobs_per_worker = 1},
      {.workers = 2, .max_jobs_per_worker = 3},
      {.workers = 3, .max_queued = 4},
      {.workers = 2, .idle_timeout = 20ms},
      {.workers = 2, .attributes_output = true},
      {.workers = 3, .idle_timeout = 20ms, .min_workers = 1},
      {.workers = 3, .max_worker_memory = 200, .recycle = {.memory_growth = 150}},
      {.workers = 3, .recycle = {.age = 50ms, .jitter = 0.5, .max_unavailable = 2}},
      {.workers = 2, .recycle = {.age = 100ms, .checks_health = true}},
      {.workers = 3, .startup = {.timeout = 30ms}, .seats = seating::at_start},
      {.workers = 3, .recycle = {.age = 50ms}, .seats = seating::at_start},
      {.workers = 2, .max_jobs_per_worker = 1, .seats = seating::at_start},
      {.workers = 3, .recycle = {.age = 50ms}, .seats = seating::until_end},
      {.workers = 2, .max_jobs_per_worker = 1, .seats = seating::until_end},
      {.workers = 4, .max_jobs_per_worker = 2, .seats = seating::until_end},
  };
  for (auto const& policy : policies) {
    std::ptrdiff_t asked = 0;
    for (unsigned seed = 0; seed != 100; ++seed) asked += walk(seed, {policy});
    BOOST_TEST(asked != 0);
  }
}

BOOST_AUTO_TEST_CASE(pages_that_lie_lose_no_job) {
  for (unsigned seed = 0; seed != 200; ++seed) walk(seed, {{.workers = 3}, true});
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace pool_machine_test
