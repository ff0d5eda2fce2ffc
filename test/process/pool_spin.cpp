// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// Pools whose workers and event loop look for what comes next before they sleep.

#include "helpers.hpp"
#include "in_threads.hpp"
#include "pool_fixture.hpp"

#include <isolatte.hpp>

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <chrono>
#include <csignal>
#include <fstream>
#include <string>
#include <thread>

#include <sys/resource.h>
#include <unistd.h>

namespace pool_spin_test {

namespace asio = boost::asio;
using isolatte::call;
using isolatte::ending;
using isolatte::pool_options;
using namespace isolatte::test;
using namespace std::chrono_literals;

/// How often this process has slept.
long sleeps() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  return used.ru_nvcsw;
}

int own_pid() { return ::getpid(); }

bool is_asleep(int pid) {
  std::ifstream file{"/proc/" + std::to_string(pid) + "/stat"};
  std::string text;
  std::getline(file, text);
  return text.find(") S ") != std::string::npos;
}

int add(int a, int b) { return a + b; }

int wait_for_byte(int fd) {
  char byte = 0;
  return ::read(fd, &byte, 1) == 1 ? byte : -1;
}

BOOST_FIXTURE_TEST_SUITE(pool_spin, pool_fixture)

BOOST_AUTO_TEST_CASE(a_worker_that_looks_for_jobs_does_not_sleep) {
  constexpr long jobs = 200;
  auto const sleeps_in = [&](pool_options opts) {
    bool const spins = opts.spin != 0ns;
    make(std::move(opts));
    int const pid = run(call(own_pid)).what.value();
    long const before = run(call(sleeps)).what.value();
    for (long i = 0; i != jobs; ++i) {
      // On a busy machine the next job may come before the worker sleeps.
      while (!spins && !is_asleep(pid)) std::this_thread::yield();
      run(call(add, 1, 2));
    }
    long const after = run(call(sleeps)).what.value();
    pool->stop();
    return after - before;
  };
  BOOST_TEST(sleeps_in({.workers = 1}) >= jobs);
  BOOST_TEST(sleeps_in({.workers = 1, .spin = 1s}) < jobs / 10);
}

BOOST_AUTO_TEST_CASE(other_handlers_run_while_the_loop_looks_for_replies) {
  int ends[2];
  BOOST_REQUIRE(::pipe(ends) == 0);
  make({.workers = 1, .worker = {.keep = {ends[0]}}, .spin = 1s});
  run(call(add, 1, 2));
  remembered<int> done;
  pool->async_run(call(wait_for_byte, ends[0]), {}, done.handler());
  // Comes after many looks. If only the time of a look ended each, the test would time out.
  int turns = 0;
  bool is_posted = false;
  auto turn = [&](auto self) -> void {
    if (++turns == 1000) BOOST_TEST(::write(ends[1], "x", 1) == 1);
    is_posted = done.calls == 0;
    if (is_posted) asio::post(context, [self] { self(self); });
  };
  turn(turn);
  run_until([&] { return done.calls != 0 && !is_posted; });
  BOOST_TEST(done.what.value_or(-1) == 'x');
  for (int const end : ends) ::close(end);
}

BOOST_AUTO_TEST_CASE(a_loop_without_jobs_does_not_look_for_replies) {
  make({.workers = 2, .spin = 1s});
  for (int i = 0; i != 10; ++i) BOOST_TEST(run(call(add, i, 1)).what.value_or(-1) == i + 1);
  // One turn for what the last job has left.
  context.poll();
  BOOST_TEST(context.poll() == 0u);
}

BOOST_AUTO_TEST_CASE(the_end_of_a_worker_is_seen_while_the_loop_looks_for_replies) {
  make({.workers = 1, .spin = 1s});
  for (int i = 0; i != 5; ++i) {
    auto const done = run(call([] { ::raise(SIGKILL); }));
    BOOST_TEST(done.what.how() == ending::killed);
    BOOST_TEST(done.what.signal().value_or(0) == SIGKILL);
    BOOST_TEST(run(call(add, 1, 2)).what.value_or(-1) == 3);
  }
  auto const late = run(call([] { hang(); }), {.timeout = 50ms});
  BOOST_TEST(late.what.how() == ending::timed_out);
}

BOOST_AUTO_TEST_CASE(threads_run_a_loop_that_looks_for_replies) {
  std::atomic<int> wrong = 0;
  asio::thread_pool threads{3};
  {
    isolatte::worker_pool shared{threads, {.workers = 2, .spin = 100us}};
    in_threads(4, [&](int t) {
      for (int i = 0; i != 100; ++i)
        if (shared.async_run(call(add, t, i), {}, asio::use_future).get().value_or(-1) != t + i)
          ++wrong;
    });
  }
  threads.join();
  BOOST_TEST(wrong == 0);
}

BOOST_AUTO_TEST_CASE(times_that_make_no_sense_are_refused) {
  for (auto const wrong : {std::chrono::nanoseconds{-1}, std::chrono::nanoseconds{1s + 1ns}})
    BOOST_CHECK_EXCEPTION(make({.spin = wrong}), boost::system::system_error, [](auto const& e) {
      return e.code() == boost::system::errc::invalid_argument &&
             std::string{e.what()}.find("spin") != std::string::npos;
    });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace pool_spin_test
