// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "remembered.hpp"
#include "support/nothing_left.hpp"

#include <isolatte.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <vector>

namespace pool_defaults_test {

using boost::system::error_code;
using isolatte::call;
using isolatte::ending;
using isolatte::outcome;
using isolatte::test::nothing_left;
using isolatte::test::remembered;

std::vector<int> many(int count) { return std::vector<int>(static_cast<std::size_t>(count)); }

// Options that a job leaves absent are those of pool_options::worker

BOOST_AUTO_TEST_SUITE(pool_defaults)

BOOST_FIXTURE_TEST_CASE(the_largest_result_of_a_job, nothing_left) {
  boost::asio::io_context context;
  isolatte::worker_pool pool{context, {.workers = 1, .worker = {.max_result = 1000}}};
  remembered<std::vector<int>> small;
  remembered<std::vector<int>> large;
  remembered<std::vector<int>> allowed;
  remembered<std::vector<int>> forbidden;
  pool.async_run(call(many, 10), small.handler());
  pool.async_run(call(many, 1000), large.handler());
  pool.async_run(call(many, 1000), {.max_result = 10'000}, allowed.handler());
  pool.async_run(call(many, 10), {.max_result = 10}, forbidden.handler());
  pool.async_drain([&](error_code) { pool.stop(); });
  context.run();
  BOOST_TEST(small.what.how() == ending::returned);
  BOOST_TEST(large.what.how() == ending::undelivered);
  BOOST_TEST(allowed.what.how() == ending::returned);
  BOOST_TEST(forbidden.what.how() == ending::undelivered);
}

BOOST_FIXTURE_TEST_CASE(the_largest_result_of_a_map, nothing_left) {
  boost::asio::io_context context;
  isolatte::worker_pool pool{context, {.workers = 1, .worker = {.max_result = 1000}}};
  std::vector<int> const counts{10, 1000};
  std::vector<ending> by_default;
  std::vector<ending> by_map;
  int maps = 0;
  auto const tell = [&](std::vector<ending>& endings) {
    return [&](error_code, std::vector<outcome<std::vector<int>>> all) {
      for (auto const& one : all) endings.push_back(one.how());
      if (++maps == 2) pool.stop();
    };
  };
  isolatte::async_map(pool, counts, many, tell(by_default));
  isolatte::async_map(pool, counts, many, {.child = {.max_result = 10'000}}, tell(by_map));
  context.run();
  BOOST_TEST((by_default == std::vector{ending::returned, ending::undelivered}));
  BOOST_TEST((by_map == std::vector{ending::returned, ending::returned}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace pool_defaults_test
