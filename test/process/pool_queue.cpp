// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "helpers.hpp"
#include "pool_fixture.hpp"
#include "remembered.hpp"

#include <isolatte/call.hpp>
#include <isolatte/error.hpp>
#include <isolatte/worker_pool.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <list>
#include <string>
#include <vector>

#include <poll.h>
#include <unistd.h>

namespace pool_queue_test {

namespace asio = boost::asio;
using isolatte::admission;
using isolatte::call;
using isolatte::ending;
using isolatte::error;
using isolatte::job_options;
using isolatte::ran;
using namespace isolatte::test;
using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

int same(int n) { return n; }
int own_pid() { return ::getpid(); }

/// A pool whose only worker is held by a job until it is let go.
struct held_fixture : pool_fixture {
  void hold(isolatte::pool_options opts = {.workers = 1}) {
    opts.worker.keep = {held.read_end(), begun.write_end()};
    make(opts);
    auto const block = [](int in, int out) {
      write_all(out, ".");
      char byte = 0;
      return static_cast<int>(::read(in, &byte, 1));
    };
    pool->async_run(call(block, held.read_end(), begun.write_end()), holder.handler());
    // The loop has to turn until the job is at the worker.
    run_until([this] { return pool->stats().running == 1; });
    while (!is_readable(begun.read_end())) context.poll_one();
  }
  void let_go() { held.tell(); }
  /// Notes the order in which jobs complete.
  void add(const std::string& name, job_options opts = {}) {
    pool->async_run(
        call(same, 0), std::move(opts),
        [this, name](boost::system::error_code, isolatte::outcome<int>) { order += name; });
  }
  static bool is_readable(int fd) {
    pollfd state{fd, POLLIN, 0};
    return ::poll(&state, 1, 1) == 1;
  }

  wire held;
  wire begun;
  remembered<int> holder;
  std::string order;
};

BOOST_FIXTURE_TEST_SUITE(pool_queue, held_fixture)

BOOST_AUTO_TEST_CASE(urgent_jobs_come_first) {
  hold();
  add("c");
  add("d");
  add("a", {.priority = 2});
  add("e", {.priority = -1});
  add("b", {.priority = 1});
  let_go();
  run_until([this] { return order.size() == 5; });
  BOOST_TEST(order == "abcde");
}

BOOST_AUTO_TEST_CASE(an_urgent_job_comes_before_those_that_workers_have_been_sent) {
  hold();
  for (int i = 0; i != 5; ++i) add("b");
  context.poll();
  add("a", {.priority = 1});
  context.poll();
  let_go();
  run_until([this] { return order.size() == 6; });
  BOOST_TEST(order == "abbbbb");
}

BOOST_AUTO_TEST_CASE(urgent_jobs_without_end_let_others_through) {
  hold();
  add("x");
  for (int i = 0; i != 40; ++i) add("u", {.priority = 9});
  let_go();
  run_until([this] { return order.size() == 41; });
  BOOST_TEST(order.find('x') < 10u);
}

BOOST_AUTO_TEST_CASE(tenants_take_turns) {
  hold();
  for (int i = 0; i != 1000; ++i) add("f", {.tenant = "flood"});
  add("s", {.tenant = "single"});
  let_go();
  run_until([this] { return order.size() == 1001; });
  BOOST_TEST(order.find('s') < 3u);
}

BOOST_AUTO_TEST_CASE(a_job_that_waits_past_its_deadline_expires) {
  hold();
  remembered<int> late;
  auto const deadline = clock::now() + 20ms;
  pool->async_run(call(same, 1), {.deadline = deadline}, late.handler());
  run_until([&] { return late.calls == 1; });
  BOOST_TEST((clock::now() >= deadline));
  BOOST_TEST((late.ec == error::expired), late.ec.message());
  BOOST_TEST(late.what.how() == ending::not_started);
  BOOST_TEST((late.what.ran() == ran::no));
  // The job that holds the worker goes on.
  BOOST_TEST(holder.calls == 0);
  let_go();
  run_until([this] { return holder.calls == 1; });
  BOOST_TEST(holder.what.value_or(0) == 1);
}

BOOST_AUTO_TEST_CASE(a_deadline_in_the_past) {
  make();
  auto const done = run(call(same, 1), {.deadline = clock::now() - 1h});
  BOOST_TEST((done.ec == error::expired), done.ec.message());
  BOOST_TEST((done.what.ran() == ran::no));
}

BOOST_AUTO_TEST_CASE(a_job_that_runs_at_its_deadline_is_timed_out) {
  make();
  run(call(same, 0));
  auto const done = run(call(hang), {.timeout = 1h, .deadline = clock::now() + 50ms});
  BOOST_TEST(done.what.how() == ending::timed_out, done.what);
  auto const other = run(call(hang), {.timeout = 1ms, .deadline = clock::now() + 1h});
  BOOST_TEST(other.what.how() == ending::timed_out, other.what);
  BOOST_TEST(run(call(same, 3), {.deadline = clock::now() + 1h}).what.value_or(0) == 3);
}

BOOST_AUTO_TEST_CASE(a_key_prefers_the_worker_that_had_it) {
  make({.workers = 4});
  int const first = run(call(own_pid), {.key = "a"}).what.value();
  // Each of these finds all workers idle; another one has done the last job.
  for (int i = 0; i != 10; ++i) {
    run(call(own_pid), {.key = std::to_string(i % 3)});
    BOOST_TEST(run(call(own_pid), {.key = "a"}).what.value_or(0) == first);
  }
}

BOOST_AUTO_TEST_CASE(a_key_never_waits) {
  hold({.workers = 2});
  // The worker that has had no key yet takes it.
  BOOST_TEST(run(call(same, 1), {.key = "a"}).what.value_or(0) == 1);
  std::list<remembered<int>> all(2);
  for (auto& each : all) pool->async_run(call(same, 2), {.key = "new"}, each.handler());
  run_until([&] { return all.front().calls + all.back().calls == 2; });
  let_go();
}

BOOST_AUTO_TEST_CASE(a_job_waits_for_room) {
  hold({.workers = 1, .max_queued = 1});
  std::list<remembered<int>> all(4);
  int n = 0;
  for (auto& each : all)
    pool->async_run(call(same, n++), {.when_full = admission::wait}, each.handler());
  auto const refused = run(call(same, 7));
  BOOST_TEST((refused.ec == error::queue_full), refused.ec.message());
  context.poll();
  BOOST_TEST(pool->stats().queued == 4u);
  let_go();
  run_until([&] { return all.back().calls == 1; });
  n = 0;
  for (auto const& each : all) BOOST_TEST(each.what.value_or(-1) == n++);
}

BOOST_AUTO_TEST_CASE(what_waits_for_room_expires_and_can_be_cancelled) {
  hold({.workers = 1, .max_queued = 1});
  std::list<remembered<int>> all(4);
  asio::cancellation_signal stop;
  auto each = all.begin();
  pool->async_run(call(same, 0), each++->handler());
  pool->async_run(call(same, 1), {.when_full = admission::wait},
                  asio::bind_cancellation_slot(stop.slot(), each++->handler()));
  pool->async_run(call(same, 2), {.deadline = clock::now() + 10ms, .when_full = admission::wait},
                  each++->handler());
  pool->async_run(call(same, 3), {.when_full = admission::wait}, each++->handler());
  run_until([&] { return std::next(all.begin(), 2)->calls == 1; });
  BOOST_TEST((std::next(all.begin(), 2)->ec == error::expired));
  stop.emit(asio::cancellation_type::total);
  run_until([&] { return std::next(all.begin())->calls == 1; });
  BOOST_TEST((std::next(all.begin())->ec == asio::error::operation_aborted));
  let_go();
  run_until([&] { return all.back().calls == 1; });
  BOOST_TEST(all.front().what.value_or(-1) == 0);
  BOOST_TEST(all.back().what.value_or(-1) == 3);
}

BOOST_AUTO_TEST_CASE(stopped_the_pool_lets_go_of_what_waits_for_room) {
  hold({.workers = 1, .max_queued = 1});
  std::list<remembered<int>> all(3);
  for (auto& each : all)
    pool->async_run(call(same, 1), {.when_full = admission::wait}, each.handler());
  context.poll();
  pool->stop();
  run_until([&] {
    return std::all_of(all.begin(), all.end(), [](auto const& each) { return each.calls == 1; });
  });
  for (auto const& each : all) BOOST_TEST((each.ec == asio::error::operation_aborted));
}

BOOST_AUTO_TEST_CASE(a_drain_waits_for_what_waits_for_room) {
  hold({.workers = 1, .max_queued = 1});
  std::list<remembered<int>> all(3);
  for (auto& each : all)
    pool->async_run(call(same, 1), {.when_full = admission::wait}, each.handler());
  bool drained = false;
  pool->async_drain([&](boost::system::error_code) {
    for (auto const& each : all) BOOST_TEST(each.calls == 1);
    drained = true;
  });
  context.poll();
  let_go();
  run_until([&] { return drained; });
}

BOOST_AUTO_TEST_CASE(a_flood_that_is_cancelled_starts_nothing) {
  hold();
  std::list<asio::cancellation_signal> signals(2000);
  int cancelled = 0;
  for (auto& each : signals)
    pool->async_run(call(same, 1),
                    {.priority = static_cast<int>(signals.size() % 3), .tenant = "t"},
                    asio::bind_cancellation_slot(
                        each.slot(), [&](boost::system::error_code ec, isolatte::outcome<int> o) {
                          if (ec == asio::error::operation_aborted && o.ran() == ran::no)
                            ++cancelled;
                        }));
  for (auto& each : signals) each.emit(asio::cancellation_type::terminal);
  run_until([&] { return cancelled == 2000; });
  BOOST_TEST(pool->stats().started == 1u);
  let_go();
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace pool_queue_test
