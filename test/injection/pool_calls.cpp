// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// System calls fail around a worker pool. Every job still completes exactly once, with its value or
// with an error, and no process and no descriptor remains.

#include "support/fail_calls.hpp"
#include "support/nothing_left.hpp"

#include <isolatte/call.hpp>
#include <isolatte/error.hpp>
#include <isolatte/worker_pool.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>

#include <array>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <signal.h>

namespace pool_calls_test {

namespace asio = boost::asio;
using boost::system::error_code;
using isolatte::ending;
using isolatte::outcome;
using isolatte::test::fail_calls;
using isolatte::test::failure;
using isolatte::test::side;

int add(int a, int b) { return a + b; }
int die(int, int) {
  ::raise(SIGKILL);
  return 0;
}

struct result {
  int calls = 0;
  error_code ec;
  outcome<int> what;
};

/// Whether the pool preloads, and is recycled while its jobs run.
enum class pool_kind { plain, warm };

/// Runs three jobs, the second of which kills its worker, and one more after these.
/// @return no value if the pool could not be made
std::optional<std::array<result, 4>> run_jobs(pool_kind kind) {
  std::array<result, 4> results;
  asio::io_context context;
  std::optional<isolatte::worker_pool> pool;
  try {
    isolatte::pool_options opts{.workers = 1};
    if (kind == pool_kind::warm) opts.preload = [] {};
    pool.emplace(context, std::move(opts));
  } catch (const boost::system::system_error&) {
    return std::nullopt;
  }
  auto const run = [&](std::size_t i) {
    pool->async_run(isolatte::call(i == 1 ? die : add, 40, static_cast<int>(i)), {},
                    [&, i](error_code ec, outcome<int> what) {
                      ++results[i].calls;
                      results[i].ec = ec;
                      results[i].what = std::move(what);
                    });
  };
  for (std::size_t i = 0; i != 3; ++i) run(i);
  int recycled = 0;
  if (kind == pool_kind::warm) pool->async_recycle([&](error_code) { ++recycled; });
  pool->async_drain([&](error_code) {
    run(3);
    pool->async_drain([&](error_code) { pool->stop(); });
  });
  context.run();
  if (kind == pool_kind::warm) BOOST_TEST(recycled == 1);
  return results;
}

/// @return whether the job ended as it does if nothing fails
bool judge(const result& one, std::size_t number, const fail_calls& calls) {
  BOOST_TEST(one.calls == 1);
  auto const how = one.what.how();
  if (how == (number == 1 ? ending::killed : ending::returned)) {
    BOOST_TEST(!one.ec, one.ec.message());
    BOOST_TEST((one.what.ran() == isolatte::ran::yes));
    if (number != 1) BOOST_TEST(one.what.value() == 40 + static_cast<int>(number));
    return true;
  }
  BOOST_TEST(calls.injected());
  BOOST_TEST(how != ending::returned);
  if (how == ending::not_started) {
    BOOST_TEST((one.what.ran() == isolatte::ran::no));
    BOOST_TEST((one.ec.value() == calls.error() || one.ec == isolatte::error::server_died ||
                one.ec == isolatte::error::preload_failed ||
                one.ec == isolatte::error::worker_start_failed),
               one.ec.message());
  } else if (how == ending::cancelled) {
    // Workers end together with the server that has made them.
    BOOST_TEST((one.ec == isolatte::error::server_died), one.ec.message());
  } else {
    BOOST_TEST(!one.ec, one.ec.message());
  }
  return false;
}

/// @return whether a call was made to fail
bool try_with(const failure& how, pool_kind kind = pool_kind::plain) {
  auto const before = isolatte::test::open_descriptors();
  bool injected = false;
  {
    fail_calls const calls{how};
    auto const results = run_jobs(kind);
    injected = calls.injected();
    BOOST_TEST_CONTEXT(calls.entry() << ", call " << how.nth << " in the "
                                     << (how.where == side::parent ? "parent" : "child")) {
      BOOST_TEST((results || injected));
      int differ = 0;
      for (std::size_t i = 0; results && i != results->size(); ++i)
        BOOST_TEST_CONTEXT("job " << i << ": " << (*results)[i].what << ", " << (*results)[i].ec)
      differ += !judge((*results)[i], i, calls);
      // One failure costs one job, and the pool goes on.
      if (how.how == failure::mode::nth) BOOST_TEST(differ <= 1);
      if (how.how == failure::mode::interrupted) BOOST_TEST((results && differ == 0));
    }
  }
  BOOST_TEST(isolatte::test::open_descriptors() == before, boost::test_tools::per_element());
  BOOST_TEST(isolatte::test::children_vanish());
  return injected;
}

void fail_each(side where, pool_kind kind) {
  unsigned nth = 1;
  for (; try_with({.where = where, .nth = nth}, kind); ++nth) BOOST_REQUIRE(nth < 2000);
  BOOST_TEST(nth > 1u);
}

/// A pool whose workers do not start goes as soon as it says so.
/// @return whether a call was made to fail
bool try_to_leave(const failure& how) {
  auto const before = isolatte::test::open_descriptors();
  bool injected = false;
  {
    fail_calls const calls{how};
    asio::io_context context;
    int told = 0;
    try {
      isolatte::pool_options opts{.workers = 1,
                                  .initializer = [] { throw std::runtime_error{"no device"}; }};
      opts.on_start_failure = [&](const outcome<void>&) { ++told; };
      std::optional<isolatte::worker_pool> pool{std::in_place, context, std::move(opts)};
      while (told == 0) BOOST_REQUIRE(context.run_one() == 1u);
      pool.reset();
      context.run();
    } catch (const boost::system::system_error&) {
      BOOST_TEST((told == 0 && calls.injected()), calls.entry());
    }
    BOOST_TEST(told <= 1, calls.entry() << ", call " << how.nth);
    injected = calls.injected();
  }
  BOOST_TEST(isolatte::test::open_descriptors() == before, boost::test_tools::per_element());
  BOOST_TEST(isolatte::test::children_vanish());
  return injected;
}

BOOST_FIXTURE_TEST_SUITE(pool_calls, isolatte::test::nothing_left)

BOOST_AUTO_TEST_CASE(nothing_fails) { BOOST_TEST(!try_with({.nth = 0})); }

BOOST_AUTO_TEST_CASE(each_call_of_the_parent_fails) { fail_each(side::parent, pool_kind::plain); }

BOOST_AUTO_TEST_CASE(each_call_of_a_descendant_fails) { fail_each(side::child, pool_kind::plain); }

BOOST_AUTO_TEST_CASE(each_call_of_the_parent_of_a_warm_pool_fails) {
  fail_each(side::parent, pool_kind::warm);
}

BOOST_AUTO_TEST_CASE(each_call_of_a_descendant_of_a_warm_pool_fails) {
  fail_each(side::child, pool_kind::warm);
}

BOOST_AUTO_TEST_CASE(a_pool_leaves_whatever_fails) {
  for (auto const where : {side::parent, side::child}) {
    unsigned nth = 1;
    for (; try_to_leave({.where = where, .nth = nth}); ++nth) BOOST_REQUIRE(nth < 2000);
    BOOST_TEST(nth > 1u);
    for (auto const entry : fail_calls::entries())
      if (ISOLATTE_HAS_PIDFD || where == side::child || entry != "kill")
        try_to_leave({.how = failure::mode::every, .where = where, .entry = entry});
  }
}

BOOST_AUTO_TEST_CASE(one_kind_always_fails_in_descendants) {
  for (auto const entry : fail_calls::entries())
    try_with({.how = failure::mode::every, .where = side::child, .entry = entry});
}

BOOST_AUTO_TEST_CASE(one_kind_always_fails_in_the_parent) {
  for (auto const entry : fail_calls::entries()) {
    // Without pidfd, kill() is the only way to end a worker.
    if (!ISOLATTE_HAS_PIDFD && entry == "kill") continue;
    try_with({.how = failure::mode::every, .where = side::parent, .entry = entry});
  }
}

BOOST_AUTO_TEST_CASE(signals_interrupt_everywhere) {
  BOOST_TEST(try_with({.how = failure::mode::interrupted}));
  BOOST_TEST(try_with({.how = failure::mode::interrupted}, pool_kind::warm));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace pool_calls_test
