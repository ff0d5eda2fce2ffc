// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// System calls fail in jobs that wait for a request to stop. A request that could not arrive any
// more is not waited for.

#include "support/fail_calls.hpp"
#include "support/nothing_left.hpp"

#include <isolatte/call.hpp>
#include <isolatte/channel.hpp>
#include <isolatte/child.hpp>
#include <isolatte/fork_server.hpp>
#include <isolatte/worker_pool.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>

namespace talk_breaks_test {

namespace asio = boost::asio;
using boost::system::error_code;
using isolatte::call;
using isolatte::child;
using isolatte::ending;
using isolatte::outcome;
using isolatte::test::fail_calls;
using isolatte::test::failure;
using isolatte::test::side;
using namespace std::chrono_literals;

/// Nothing takes as long, except a job that waits without end.
constexpr auto patience = 60s;

int wait_for_stop(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any asked;
  std::unique_lock lock{mutex};
  asked.wait(lock, stop, [] { return false; });
  return 42;
}

/// Does not care whether the message can be sent.
int post_and_wait(std::stop_token stop, isolatte::channel<int, int>& talk) {
  talk.post(1);
  return wait_for_stop(stop);
}

/// The program's side: asks the job to stop when its message has come, and only then.
class partner {
 public:
  explicit partner(child<int, int, int> job) : job_{std::move(job)} {
    job_.async_wait([this](error_code, outcome<int> o) { done = std::move(o); });
    job_.async_receive([this](error_code ec, int) {
      is_over = ec.failed();
      if (!ec) static_cast<void>(job_.request_stop());
    });
  }
  std::optional<outcome<int>> done;
  bool is_over = false;

 private:
  child<int, int, int> job_;
};

template <class Start>
void check_every_call(Start start) {
  unsigned nth = 1;
  int broken = 0;
  for (bool injected = true; injected; ++nth) {
    BOOST_REQUIRE(nth < 2000);
    fail_calls const calls{{.where = side::child, .nth = nth}};
    asio::io_context context;
    std::optional<outcome<int>> done;
    try {
      done = start(context, broken);
    } catch (const boost::system::system_error&) {
      // The server or the pool could not be made.
    }
    injected = calls.injected();
    BOOST_TEST_CONTEXT(calls.entry() << ", call " << nth) {
      BOOST_TEST((done || injected));
      if (done) BOOST_TEST((done->how() != ending::timed_out), *done);
      if (!injected) BOOST_TEST(done->value_or(-1) == 42, *done);
    }
  }
  BOOST_TEST(nth > 2u);
  BOOST_TEST(broken > 0);
}

/// @param broken counts the jobs that returned after the conversation had ended early
outcome<int> run(asio::io_context& context, child<int, int, int> job, int& broken) {
  partner with{std::move(job)};
  context.run();
  BOOST_REQUIRE(with.done.has_value());
  if (with.is_over && with.done->how() == ending::returned) ++broken;
  return std::move(*with.done);
}

BOOST_FIXTURE_TEST_SUITE(talk_breaks, isolatte::test::nothing_left)

BOOST_AUTO_TEST_CASE(a_forked_job_is_not_left_waiting) {
  check_every_call([](asio::io_context& context, int& broken) {
    return run(context, isolatte::spawn_child(context, post_and_wait, {.timeout = patience}),
               broken);
  });
}

BOOST_AUTO_TEST_CASE(a_job_of_a_pool_is_not_left_waiting) {
  check_every_call([](asio::io_context& context, int& broken) {
    isolatte::worker_pool pool{context, isolatte::pool_options{.workers = 1}};
    auto job = pool.spawn_job(call(post_and_wait), {.timeout = patience});
    pool.async_drain([&](error_code) { pool.stop(); });
    return run(context, std::move(job), broken);
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace talk_breaks_test
