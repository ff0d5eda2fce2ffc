// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_TEST_PROCESS_POOL_FIXTURE_HPP
#define ISOLATTE_TEST_PROCESS_POOL_FIXTURE_HPP

#include "remembered.hpp"
#include "support/nothing_left.hpp"

#include <isolatte/async_fork.hpp>
#include <isolatte/worker_pool.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <optional>
#include <utility>

namespace isolatte::inline v0_1::test {

/// A pool and its loop. run_until() runs the loop until a condition holds.
struct pool_fixture : nothing_left {
  boost::asio::io_context context;
  std::optional<worker_pool> pool;

  void make(pool_options opts = {.workers = 1}) { pool.emplace(context, std::move(opts)); }
  template <class Condition>
  void run_until(Condition holds) {
    // A loop that has had nothing to do, as with a broken pool, runs again when it is asked to.
    if (context.stopped()) context.restart();
    while (!holds()) BOOST_REQUIRE(context.run_one() == 1u);
  }
  template <class Call>
  auto run(Call fn, job_options opts = {}) {
    remembered<result_of<Call>> done;
    pool->async_run(std::move(fn), opts, done.handler());
    run_until([&] { return done.calls != 0; });
    return done;
  }
  ~pool_fixture() {
    if (pool) pool->stop();
    context.run();
    pool.reset();
  }
};

}  // namespace isolatte::inline v0_1::test

#endif
