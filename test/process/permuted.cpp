// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "helpers.hpp"
#include "permuted_executor.hpp"
#include "remembered.hpp"
#include "support/nothing_left.hpp"
#include "support/sanitizers.hpp"

#include <isolatte.hpp>

#include <boost/asio.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <csignal>
#include <cstddef>
#include <deque>
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>

#include <unistd.h>

namespace permuted_test {

namespace asio = boost::asio;
using isolatte::async_fork;
using isolatte::call;
using isolatte::ending;
using isolatte::options;
using isolatte::ran;
using isolatte::test::hang;
using isolatte::test::nothing_left;
using isolatte::test::permuted_executor;
using isolatte::test::remembered;
using namespace std::chrono_literals;

/// The ways in which a job ends by itself.
int end_as(int how) {
  switch (how) {
    case 0: return 42;
    case 1: throw std::out_of_range{"too far"};
    case 2: ::_exit(7);
    case 3: ::raise(SIGKILL); break;
    default: break;
  }
  hang();
}

constexpr int all_ways = 4;
constexpr int never = all_ways;

ending ending_of(int how) {
  constexpr ending endings[] = {ending::returned, ending::threw, ending::exited, ending::killed};
  return endings[how];
}

/// The endings of operations that all run at once, on an executor that changes their order.
class mix {
  struct expectation {
    remembered<int> done;
    std::function<void(const remembered<int>&)> check;
  };

  auto expect(std::function<void(const remembered<int>&)> check) {
    auto& fresh = expected_.emplace_back(expectation{{}, std::move(check)});
    return fresh.done.handler();
  }
  std::function<void(boost::system::error_code, isolatte::outcome<int>)> ends_by_itself(int how) {
    return expect([how](const remembered<int>& done) {
      BOOST_TEST(!done.ec);
      BOOST_TEST(done.what.how() == ending_of(how));
      BOOST_TEST(done.what.has_value() == (how == 0));
      if (how == 0) BOOST_TEST(done.what.value() == 42);
      if (how == 1) BOOST_CHECK_THROW(done.what.value(), std::out_of_range);
      if (how == 2) BOOST_TEST(done.what.exit_code().value() == 7);
    });
  }
  std::function<void(boost::system::error_code, isolatte::outcome<int>)> times_out() {
    return expect([](const remembered<int>& done) {
      BOOST_TEST(!done.ec);
      BOOST_TEST(done.what.how() == ending::timed_out);
    });
  }
  std::function<void(boost::system::error_code, isolatte::outcome<int>)> is_terminated() {
    return expect([](const remembered<int>& done) {
      BOOST_TEST(!done.ec);
      BOOST_TEST(done.what.how() == ending::cancelled);
    });
  }
  auto is_cancelled() {
    auto handler = expect([](const remembered<int>& done) {
      BOOST_TEST(done.ec == asio::error::operation_aborted);
      // A child that had not begun may not have been made.
      bool const was_made = done.what.how() == ending::cancelled;
      BOOST_TEST((was_made || done.what.how() == ending::not_started));
      BOOST_TEST((was_made || done.what.ran() == ran::no));
    });
    return asio::bind_cancellation_slot(signals_.emplace_back().slot(), std::move(handler));
  }

  void check() const {
    for (std::size_t i = 0; i != expected_.size(); ++i) {
      BOOST_TEST_CONTEXT("operation " << i) {
        BOOST_TEST(expected_[i].done.calls == 1);
        expected_[i].check(expected_[i].done);
      }
    }
  }

  asio::io_context context_;
  permuted_executor executor_;
  std::deque<asio::cancellation_signal> signals_;
  std::deque<expectation> expected_;

 public:
  explicit mix(unsigned seed) : executor_{context_, seed} {}

  void run() {
    run_all();
    // The server and the pool are gone, and have steps to do yet.
    context_.restart();
    context_.run();
    check();
  }
  std::size_t out_of_order() const { return executor_.out_of_order(); }

 private:
  void run_all() {
    isolatte::fork_server server{executor_};
    isolatte::worker_pool pool{executor_, {.workers = 2}};
    for (int how = 0; how != all_ways; ++how) {
      async_fork(executor_, [how] { return end_as(how); }, ends_by_itself(how));
      server.async_fork(call(end_as, how), ends_by_itself(how));
      pool.async_run(call(end_as, how), ends_by_itself(how));
    }
    async_fork(executor_, [] { return end_as(never); }, options{.timeout = 1ms}, times_out());
    server.async_fork(call(end_as, never), options{.timeout = 1ms}, times_out());
    pool.async_run(call(end_as, never), {.timeout = 1ms}, times_out());

    async_fork(executor_, [] { return end_as(never); }, is_cancelled());
    server.async_fork(call(end_as, never), is_cancelled());
    pool.async_run(call(end_as, never), is_cancelled());

    auto handle = isolatte::spawn_child(executor_, [] { return end_as(never); });
    handle.async_wait(is_terminated());
    asio::post(executor_, [&handle] { handle.terminate(); });
    for (auto& signal : signals_)
      asio::post(executor_, [&signal] { signal.emit(asio::cancellation_type::terminal); });

    pool.async_drain([&pool](boost::system::error_code) { pool.stop(); });
    context_.run();
  }
};

}  // namespace permuted_test

BOOST_AUTO_TEST_SUITE(permuted)

using namespace permuted_test;

BOOST_FIXTURE_TEST_CASE(operations_end_alike_whatever_the_order_of_their_handlers, nothing_left) {
  // A sanitizer makes a process much slower.
  unsigned const seeds = isolatte::test::with_asan || isolatte::test::with_tsan ? 20 : 250;
  std::size_t out_of_order = 0;
  for (unsigned seed = 1; seed <= seeds; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      mix all{seed};
      all.run();
      out_of_order += all.out_of_order();
    }
  }
  // Otherwise nothing has been tried.
  BOOST_TEST(out_of_order > seeds);
}

BOOST_AUTO_TEST_SUITE_END()
