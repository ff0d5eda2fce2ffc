// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "helpers.hpp"
#include "pool_fixture.hpp"
#include "remembered.hpp"

#include <isolatte/async_map.hpp>
#include <isolatte/call.hpp>
#include <isolatte/channel.hpp>
#include <isolatte/detail/vocabulary/unknown_code.hpp>
#include <isolatte/error.hpp>
#include <isolatte/on_message.hpp>
#include <isolatte/worker_pool.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <future>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <signal.h>
#include <unistd.h>

namespace pool_test {

namespace asio = boost::asio;
using boost::system::error_code;
using isolatte::call;
using isolatte::capture;
using isolatte::ending;
using isolatte::job_options;
using isolatte::outcome;
using isolatte::pool_options;
using isolatte::worker_pool;
using namespace isolatte::test;
using namespace std::chrono_literals;

int add(int a, int b) { return a + b; }
void crash() { ::raise(SIGSEGV); }
void say_and_hang() {
  write_all(1, "here\n");
  hang();
}
pid_t own_pid() { return ::getpid(); }
int counter = 0;
int count_up() { return ++counter; }

BOOST_FIXTURE_TEST_SUITE(pool, pool_fixture)

BOOST_AUTO_TEST_CASE(a_job_returns) {
  make();
  auto const done = run(call(add, 1, 2));
  BOOST_TEST(!done.ec);
  BOOST_TEST(done.what.value() == 3);
  BOOST_TEST(done.what.ran() == isolatte::ran::yes);
  BOOST_TEST(done.what.pid() != 0);
  BOOST_TEST((done.what.usage().wall > 0ns));
  BOOST_TEST(done.what.usage().max_resident_bytes > 0u);
}

BOOST_AUTO_TEST_CASE(workers_stay_warm) {
  make();
  auto const first = run(call(own_pid));
  auto const second = run(call(own_pid));
  BOOST_TEST(first.what.value() == second.what.value());
  BOOST_TEST(run(call(count_up)).what.value() == 1);
  BOOST_TEST(run(call(count_up)).what.value() == 2);
  BOOST_TEST(counter == 0);
}

BOOST_AUTO_TEST_CASE(every_ending) {
  make();
  auto const threw =
      run(call([](std::string text) { throw std::out_of_range{text}; }, std::string{"text"}));
  BOOST_TEST(threw.what.how() == ending::threw);
  BOOST_CHECK_THROW(threw.what.value(), std::out_of_range);
  auto const faulted = run(call(crash));
  BOOST_TEST(faulted.what.how() == ending::faulted);
  BOOST_REQUIRE(faulted.what.fault().has_value());
  BOOST_TEST(faulted.what.fault()->trace.find("crash") != std::string::npos);
  auto const exited = run(call([] { std::exit(7); }));
  BOOST_TEST(exited.what.how() == ending::exited);
  BOOST_TEST((exited.what.exit_code() == 7));
  auto const killed = run(call([] { ::kill(::getpid(), SIGKILL); }));
  BOOST_TEST(killed.what.how() == ending::killed);
  auto const signaled = run(call([] { ::raise(SIGUSR1); }));
  BOOST_TEST(signaled.what.how() == ending::signaled);
  auto const late = run(call(hang), {.timeout = 5ms});
  BOOST_TEST(!late.ec);
  BOOST_TEST(late.what.how() == ending::timed_out);
  auto const at_once = run(call(hang), {.timeout = 0ms});
  BOOST_TEST(at_once.what.how() == ending::timed_out);
  auto const large = run(call([] { return std::vector<int>(100000); }), {.max_result = 1000});
  BOOST_TEST(large.what.how() == ending::undelivered);
  auto const unfinished = run(call([] { ::pthread_exit(nullptr); }));
  BOOST_TEST(unfinished.what.how() == ending::undelivered);
  BOOST_TEST(run(call(add, 1, 2)).what.value() == 3);
  auto const stats = pool->stats();
  BOOST_TEST(stats.endings.at(ending::faulted) == 1u);
  BOOST_TEST(stats.endings.at(ending::returned) == 1u);
  // The two jobs with little or no time may have ended before they began.
  BOOST_TEST(stats.started >= 8u);
  BOOST_TEST(stats.restarts >= 5u);
}

BOOST_AUTO_TEST_CASE(a_job_that_meets_an_unknown_function_has_run) {
  make();
  auto const done = run(call([] { throw isolatte::detail::unknown_code{}; }));
  BOOST_TEST(done.ec == error_code{});
  BOOST_TEST(done.what.how() == ending::threw);
  BOOST_TEST((done.what.ran() == isolatte::ran::yes));
}

BOOST_AUTO_TEST_CASE(a_crash_costs_one_job) {
  make();
  std::vector<remembered<int>> results(20);
  for (std::size_t i = 0; i != results.size(); ++i)
    pool->async_run(call(
                        [](int n) {
                          if (n == 5) ::raise(SIGABRT);
                          return n;
                        },
                        static_cast<int>(i)),
                    {}, results[i].handler());
  bool drained = false;
  pool->async_drain([&](error_code ec) {
    BOOST_TEST(!ec);
    drained = true;
  });
  run_until([&] { return drained; });
  for (std::size_t i = 0; i != results.size(); ++i) {
    BOOST_TEST(results[i].calls == 1);
    if (i == 5)
      BOOST_TEST(results[i].what.how() == ending::faulted);
    else
      BOOST_TEST(results[i].what.value() == static_cast<int>(i));
  }
}

BOOST_AUTO_TEST_CASE(a_timeout_costs_one_job) {
  make();
  remembered<void> slow;
  remembered<int> quick;
  pool->async_run(call(hang), {.timeout = 20ms}, slow.handler());
  pool->async_run(call(add, 1, 2), {}, quick.handler());
  run_until([&] { return slow.calls && quick.calls; });
  BOOST_TEST(slow.what.how() == ending::timed_out);
  BOOST_TEST(quick.what.value() == 3);
}

sigset_t termination() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  return set;
}

BOOST_AUTO_TEST_CASE(grace_lets_a_job_finish) {
  // The initializer blocks the signal, so it is blocked before the time of a job begins to run.
  make({.workers = 1, .initializer = [] {
          sigset_t const term = termination();
          ::sigprocmask(SIG_BLOCK, &term, nullptr);
        }});
  remembered<int> done;
  // A job that times out before it begins gets no signal, so the timeout grows until it begins.
  for (auto timeout = 5ms; done.what.ran() == isolatte::ran::no; timeout *= 4)
    done = run(call([] {
                 sigset_t const term = termination();
                 int signal = 0;
                 ::sigwait(&term, &signal);
                 return signal;
               }),
               {.timeout = timeout, .grace = 60s});
  BOOST_TEST(done.what.how() == ending::returned, done.what);
  BOOST_TEST(done.what.value() == SIGTERM);
}

BOOST_AUTO_TEST_CASE(a_waiting_job_is_taken_back) {
  make();
  asio::cancellation_signal stop;
  asio::cancellation_signal end;
  remembered<void> runs;
  remembered<int> waits;
  pool->async_run(call(hang), {}, asio::bind_cancellation_slot(end.slot(), runs.handler()));
  pool->async_run(call(add, 1, 2), {}, asio::bind_cancellation_slot(stop.slot(), waits.handler()));
  run_until([&] { return pool->stats().running == 1; });
  stop.emit(asio::cancellation_type::total);
  run_until([&] { return waits.calls == 1; });
  BOOST_TEST(waits.ec == asio::error::operation_aborted);
  BOOST_TEST(waits.what.how() == ending::not_started);
  BOOST_TEST(runs.calls == 0);
  end.emit(asio::cancellation_type::terminal);
  run_until([&] { return runs.calls == 1; });
  BOOST_TEST(runs.ec == asio::error::operation_aborted);
}

BOOST_AUTO_TEST_CASE(the_last_job_is_taken_back) {
  make();
  asio::cancellation_signal stop;
  remembered<void> waits;
  pool->async_run(call(hang), {}, asio::bind_cancellation_slot(stop.slot(), waits.handler()));
  bool drained = false;
  pool->async_drain([&](error_code) { drained = true; });
  stop.emit(asio::cancellation_type::total);
  run_until([&] { return drained; });
  BOOST_TEST(waits.calls == 1);
}

BOOST_AUTO_TEST_CASE(a_running_job_costs_its_worker) {
  asio::cancellation_signal stop;
  make({.workers = 1, .worker = {.out = isolatte::by_line{[&](std::string_view) {
                                   stop.emit(asio::cancellation_type::terminal);
                                 }}}});
  remembered<void> done;
  pool->async_run(call(say_and_hang), {},
                  asio::bind_cancellation_slot(stop.slot(), done.handler()));
  run_until([&] { return done.calls == 1; });
  BOOST_TEST(done.ec == asio::error::operation_aborted);
  BOOST_TEST(done.what.how() == ending::cancelled);
  BOOST_TEST(run(call(add, 1, 2)).what.value() == 3);
}

BOOST_AUTO_TEST_CASE(a_fresh_process_for_every_job) {
  make({.workers = 2, .max_jobs_per_worker = 1});
  std::set<pid_t> pids;
  std::vector<remembered<pid_t>> results(20);
  for (auto& each : results) pool->async_run(call(own_pid), {}, each.handler());
  run_until([&] {
    return std::all_of(results.begin(), results.end(), [](auto& each) { return each.calls == 1; });
  });
  for (auto& each : results) {
    pids.insert(each.what.value());
    // The first reply of a worker may come before the fork server has sent its process number.
    BOOST_TEST(each.what.pid() == each.what.value());
  }
  BOOST_TEST(pids.size() == results.size());
}

BOOST_AUTO_TEST_CASE(a_worker_is_replaced_after_its_share) {
  make({.workers = 1, .max_jobs_per_worker = 3});
  std::map<pid_t, int> jobs;
  for (int i = 0; i != 9; ++i) ++jobs[run(call(own_pid)).what.value()];
  BOOST_TEST(jobs.size() == 3u);
  for (auto const& [pid, count] : jobs) BOOST_TEST(count == 3);
}

BOOST_AUTO_TEST_CASE(a_worker_that_has_grown_is_replaced) {
  make({.workers = 1, .max_worker_memory = std::uint64_t{400} << 20});
  auto const before = run(call(own_pid)).what.value();
  auto const grown = run(call([] {
                       // Leaks on purpose.
                       static std::vector<char> leak;
                       leak.assign(std::size_t{450} << 20, 'x');
                       return ::getpid();
                     })).what.value();
  auto const after = run(call(own_pid)).what.value();
  BOOST_TEST(before == grown);
  BOOST_TEST(after != grown);
}

BOOST_AUTO_TEST_CASE(more_than_may_wait_is_refused) {
  make({.workers = 1, .max_queued = 2});
  std::vector<remembered<void>> results(4);
  for (auto& each : results) pool->async_run(call(hang), {}, each.handler());
  run_until([&] { return results[3].calls == 1; });
  BOOST_TEST(results[3].ec == make_error_code(isolatte::error::queue_full));
  BOOST_TEST(results[3].what.how() == ending::not_started);
  BOOST_TEST(results[0].calls + results[1].calls + results[2].calls == 0);
  pool->stop();
  run_until([&] { return results[0].calls && results[1].calls && results[2].calls; });
}

BOOST_AUTO_TEST_CASE(idle_workers_are_let_go) {
  make({.workers = 1, .idle_timeout = 1ms});
  auto const first = run(call(own_pid)).what.value();
  run_until([&] { return pool->stats().workers == 0; });
  auto const second = run(call(own_pid)).what.value();
  BOOST_TEST(first != second);
}

BOOST_AUTO_TEST_CASE(the_initializer_runs_first) {
  make({.workers = 1, .initializer = [] { counter = 41; }});
  BOOST_TEST(run(call(count_up)).what.value() == 42);
}

BOOST_AUTO_TEST_CASE(an_initializer_that_throws_ends_the_jobs) {
  make({.workers = 2, .initializer = [] { throw std::domain_error{"no licence"}; }});
  for (int i = 0; i != 3; ++i) {
    auto const done = run(call(add, 1, 2));
    BOOST_TEST(done.ec == make_error_code(isolatte::error::worker_start_failed));
    BOOST_TEST(done.what.how() == ending::not_started);
    BOOST_CHECK_THROW(std::rethrow_exception(done.what.exception()), std::domain_error);
  }
  BOOST_TEST(pool->stats().restarts == 0u);
}

BOOST_AUTO_TEST_CASE(an_initializer_that_crashes_ends_the_jobs) {
  make({.workers = 1, .initializer = [] { ::raise(SIGKILL); }});
  auto const done = run(call(add, 1, 2));
  BOOST_TEST(done.ec == make_error_code(isolatte::error::worker_start_failed));
}

BOOST_AUTO_TEST_CASE(output_is_that_of_the_job) {
  make({.workers = 2, .worker = {.out = capture{}, .err = capture{}}});
  std::vector<remembered<void>> results(30);
  for (std::size_t i = 0; i != results.size(); ++i)
    pool->async_run(call(
                        [](int n) {
                          std::cout << "out " << n;
                          write_all(2, "err " + std::to_string(n));
                          if (n == 7) ::raise(SIGKILL);
                        },
                        static_cast<int>(i)),
                    {}, results[i].handler());
  run_until([&] {
    return std::all_of(results.begin(), results.end(), [](auto& each) { return each.calls == 1; });
  });
  for (std::size_t i = 0; i != results.size(); ++i) {
    BOOST_TEST(results[i].what.err_text() == "err " + std::to_string(i));
    if (i != 7) BOOST_TEST(results[i].what.out_text() == "out " + std::to_string(i));
  }
}

BOOST_AUTO_TEST_CASE(a_flood_does_not_block) {
  make({.workers = 1, .worker = {.out = capture{.limit = 10}}});
  auto const done = run(call([] {
    for (int i = 0; i != 1000; ++i) write_all(1, std::string(1000, 'x'));
    write_all(1, "the end...");
  }));
  BOOST_TEST(done.what.out_text() == "the end...");
}

BOOST_AUTO_TEST_CASE(lines_are_handed_over) {
  std::vector<std::string> lines;
  make({.workers = 1, .worker = {.out = isolatte::by_line{[&](std::string_view line) {
                                   lines.emplace_back(line);
                                 }}}});
  run(call([] { write_all(1, "one\ntwo"); }));
  run(call([] { write_all(1, "three\n"); }));
  BOOST_TEST((lines == std::vector<std::string>{"one", "two", "three"}));
}

BOOST_AUTO_TEST_CASE(stopped_it_lets_the_loop_end) {
  make({.workers = 2});
  std::vector<remembered<void>> results(5);
  for (auto& each : results) pool->async_run(call(hang), {}, each.handler());
  run_until([&] { return pool->stats().running == 2; });
  pool->stop();
  context.run();
  for (auto& each : results) {
    BOOST_TEST(each.calls == 1);
    BOOST_TEST(each.ec == asio::error::operation_aborted);
  }
  context.restart();
  auto const late = run(call(add, 1, 2));
  BOOST_TEST(late.ec == asio::error::operation_aborted);
}

BOOST_AUTO_TEST_CASE(destroyed_it_is_stopped) {
  make({.workers = 1});
  remembered<void> done;
  pool->async_run(call(hang), {}, done.handler());
  run_until([&] { return pool->stats().running == 1; });
  pool.reset();
  context.run();
  BOOST_TEST(done.ec == asio::error::operation_aborted);
}

BOOST_AUTO_TEST_CASE(the_context_takes_all_with_it) {
  auto own = std::make_unique<asio::io_context>();
  auto other = std::make_unique<worker_pool>(*own, pool_options{.workers = 2});
  bool called = false;
  for (int i = 0; i != 5; ++i)
    other->async_run(call(hang), {}, [&](error_code, const outcome<void>&) { called = true; });
  while (other->stats().running != 2) own->run_one();
  other.reset();
  own.reset();
  BOOST_TEST(!called);
}

BOOST_AUTO_TEST_CASE(the_context_takes_a_conversation_with_it_at_any_time) {
  bool is_over = false;
  for (int handlers = 0; !is_over; ++handlers) {
    nothing_left const nothing;
    asio::io_context own;
    worker_pool other{own, {.workers = 1}};
    remembered<int> done;
    auto const say = [](isolatte::channel<int>& talk) {
      talk.post(1);
      return 2;
    };
    other.async_run(isolatte::on_message(call(say), [](int) {}), done.handler());
    for (int i = 0; i != handlers && done.calls == 0; ++i) own.run_one();
    is_over = done.calls != 0;
    BOOST_TEST(done.what.value_or(2) == 2);
  }
}

BOOST_AUTO_TEST_CASE(a_job_sent_ahead_does_not_wait_behind_a_long_one) {
  make({.workers = 2});
  asio::cancellation_signal end;
  remembered<void> runs;
  pool->async_run(call(hang), {}, asio::bind_cancellation_slot(end.slot(), runs.handler()));
  std::vector<remembered<int>> results(40);
  for (auto& each : results) pool->async_run(call(add, 1, 2), {}, each.handler());
  run_until([&] {
    return std::all_of(results.begin(), results.end(), [](auto& each) { return each.calls == 1; });
  });
  BOOST_TEST(runs.calls == 0);
  end.emit(asio::cancellation_type::terminal);
  run_until([&] { return runs.calls == 1; });
}

BOOST_AUTO_TEST_CASE(a_grandchild_that_comes_back_says_nothing) {
  make();
  auto const done = run(call([] {
    int const before = ::getpid();
    if (::fork() == 0) return -1;
    return before == ::getpid() ? 1 : 0;
  }));
  BOOST_TEST(done.what.value() == 1);
  BOOST_TEST(run(call(add, 1, 2)).what.value() == 3);
}

BOOST_AUTO_TEST_CASE(a_job_that_closes_everything) {
  make();
  auto const done = run(call([] {
    for (int fd = 3; fd != 1000; ++fd) ::close(fd);
  }));
  BOOST_TEST(done.what.how() == ending::undelivered);
  BOOST_TEST(run(call(add, 1, 2)).what.value() == 3);
}

BOOST_AUTO_TEST_CASE(from_many_threads) {
  asio::thread_pool threads{4};
  {
    worker_pool shared{threads, {.workers = 2}};
    std::vector<std::thread> users;
    std::atomic<int> right = 0;
    for (int t = 0; t != 4; ++t)
      users.emplace_back([&, t] {
        std::vector<std::future<outcome<int>>> results;
        for (int i = 0; i != 100; ++i)
          results.push_back(shared.async_run(call(add, t, i), {}, asio::use_future));
        for (int i = 0; i != 100; ++i)
          right += results[static_cast<std::size_t>(i)].get().value() == t + i;
      });
    for (auto& user : users) user.join();
    BOOST_TEST(right == 400);
    shared.stop();
  }
  threads.join();
}

BOOST_AUTO_TEST_CASE(keeping_everything_is_refused) {
  auto const is_refusal = [](const boost::system::system_error& error) {
    return error.code() == boost::system::errc::operation_not_supported;
  };
  BOOST_CHECK_EXCEPTION(make({.worker = {.keep = isolatte::all_descriptors}}),
                        boost::system::system_error, is_refusal);
}

BOOST_AUTO_TEST_CASE(a_map_over_a_pool) {
  make({.workers = 2});
  std::vector<outcome<int>> all;
  isolatte::async_map(
      *pool, std::vector<int>{1, 2, 3, 4, 5}, [](int n) { return n * n; }, {},
      [&](error_code ec, std::vector<outcome<int>> results) {
        BOOST_TEST(!ec);
        all = std::move(results);
      });
  run_until([&] { return !all.empty(); });
  for (std::size_t i = 0; i != all.size(); ++i)
    BOOST_TEST(all[i].value() == static_cast<int>((i + 1) * (i + 1)));
}

/// Runs the job with a number: some jobs crash, exit or throw.
int mixed(int n) {
  if (n % 500 == 7) ::raise(SIGKILL);
  if (n % 1000 == 9) std::exit(3);
  if (n % 100 == 11) throw std::runtime_error{"text"};
  return n;
}

BOOST_AUTO_TEST_CASE(many_jobs_of_mixed_endings) {
  make({.workers = 2});
  int const jobs = malloc_refuses ? 100'000 : 2'000;
  int next = 0;
  int done = 0;
  std::map<ending, int> endings;
  std::function<void()> start = [&] {
    if (next == jobs) return;
    int const n = next++;
    pool->async_run(call(mixed, n), {}, [&, n](error_code ec, outcome<int> what) {
      ++done;
      BOOST_REQUIRE(!ec);
      ++endings[what.how()];
      if (what.how() == ending::returned) BOOST_REQUIRE(what.value() == n);
      start();
    });
  };
  for (int i = 0; i != 64; ++i) start();
  run_until([&] { return done == jobs; });
  BOOST_TEST(endings[ending::killed] == jobs / 500);
  BOOST_TEST(endings[ending::exited] == jobs / 1000);
  BOOST_TEST(endings[ending::threw] == jobs / 100);
  BOOST_TEST(endings[ending::returned] == jobs - jobs / 500 - jobs / 1000 - jobs / 100);
}

/// Writes an unfinished line and aborts. A grandchild holds the stream open until the test closes
/// `until`.
void say_part_and_abort(int until) {
  if (::fork() == 0) {
    ::setsid();
    read_all(until);
    ::_exit(0);
  }
  write_all(1, "part");
  ::abort();
}

BOOST_AUTO_TEST_CASE(a_job_that_a_line_asks_for_is_not_lost) {
  remembered<int> second;
  bool asked = false;
  wire held;
  make({.workers = 1,
        .worker = {.out = isolatte::by_line{[&](std::string_view) {
                     if (!std::exchange(asked, true))
                       pool->async_run(call(add, 1, 2), {}, second.handler());
                   }},
                   .limits = {.core_size = 0},
                   .keep = {held.read_end()},
                   .fault_report = false}});
  BOOST_TEST(run(call(say_part_and_abort, held.read_end())).what.how() == ending::faulted);
  run_until([&] { return second.calls != 0; });
  BOOST_TEST(second.what.value() == 3);
}

/// Makes three grandchildren that write without a pause.
void leave_writers() {
  for (int i = 0; i != 3; ++i)
    if (::fork() == 0) {
      ::setsid();
      ::signal(SIGPIPE, SIG_DFL);
      while (write_all(1, "x\n")) {
      }
      ::_exit(0);
    }
}

BOOST_AUTO_TEST_CASE(writers_that_never_rest_hold_up_no_job) {
  // This callback is slower than the writers.
  std::size_t total = 0;
  make({.workers = 1, .worker = {.out = isolatte::by_line{[&](std::string_view) {
                                   for (int i = 0; i != 500; ++i) ++*used(&total);
                                 }}}});
  BOOST_TEST(run(call(leave_writers)).what.how() == ending::returned);
  BOOST_TEST(run(call(add, 1, 2)).what.value() == 3);
  // The pool goes first, because its callback refers to `total`.
  pool.reset();
}

BOOST_AUTO_TEST_CASE(a_drain_keeps_its_handlers_loop) {
  make();
  asio::io_context other;
  pool->async_run(call(add, 1, 2), {}, asio::detached);
  bool drained = false;
  pool->async_drain(asio::bind_executor(other, [&](error_code) { drained = true; }));
  std::thread loop{[&] { other.run(); }};
  run_until([&] { return pool->stats().endings.size() != 0; });
  pool->stop();
  context.run();
  loop.join();
  BOOST_TEST(drained);
}

BOOST_AUTO_TEST_CASE(destroyed_by_a_line_it_hands_over_no_other) {
  int lines = 0;
  int done = 0;
  make({.workers = 1, .worker = {.out = isolatte::by_line{[&](std::string_view) {
                                   ++lines;
                                   pool.reset();
                                 }}}});
  for (int i = 0; i != 3; ++i)
    pool->async_run(call([] { write_all(1, "a\nb\nc"); }), {},
                    [&](error_code, const outcome<void>&) { ++done; });
  context.run();
  BOOST_TEST(lines == 1);
  BOOST_TEST(done == 3);
}

BOOST_AUTO_TEST_CASE(a_pool_moves) {
  make();
  worker_pool first{context, {.workers = 1}};
  *pool = std::move(first);
  BOOST_TEST((pool->get_executor() == context.get_executor()));
  BOOST_TEST(run(call(add, 1, 2)).what.value() == 3);
  auto child = pool->spawn_job(call(add, 1, 2));
  BOOST_TEST((child.get_executor() == context.get_executor()));
  remembered<int> done;
  child.async_wait(done.handler());
  run_until([&] { return done.calls != 0; });
  BOOST_TEST(done.what.value() == 3);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace pool_test
