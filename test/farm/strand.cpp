// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "nats/link/strand.hpp"

#include "farm/short_of_memory.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <vector>

namespace strand_test {

namespace asio = boost::asio;
namespace link = isolatte::nats::link;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(strand)

BOOST_AUTO_TEST_CASE(runs_functions_in_order_and_never_at_once) {
  asio::io_context context;
  auto const it = link::strand::on(context.get_executor());
  std::vector<int> run;
  it.post([&] {
    it.post([&] { run.push_back(3); });
    run.push_back(1);
  });
  it.post([&] { run.push_back(2); });
  BOOST_TEST(run.empty());
  context.run();
  BOOST_TEST(run == (std::vector{1, 2, 3}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(runs_one_function_at_a_time) {
  asio::thread_pool threads{2};
  auto const it = link::strand::on(threads.get_executor());
  int running = 0, run = 0;
  bool is_alone = true;
  for (int i = 0; i != 1000; ++i)
    it.post([&] {
      is_alone = is_alone && ++running == 1;
      ++run;
      --running;
    });
  threads.join();
  BOOST_TEST(run == 1000);
  BOOST_TEST(is_alone);
}

BOOST_AUTO_TEST_CASE(waits_for_memory) {
  asio::io_context context;
  int failures = 3;
  auto const it = link::strand::on(farm_test::short_of_memory{&context, &failures});
  int run = 0;
  it.post([&] {
    // At the end of the turn there is none for the next one.
    failures = 3;
    it.post([&] { ++run; });
    ++run;
  });
  BOOST_TEST(failures == 0);
  context.run();
  BOOST_TEST(failures == 0);
  BOOST_TEST(run == 2);
}

BOOST_AUTO_TEST_CASE(goes_on_after_a_function_that_throws) {
  asio::io_context context;
  auto const it = link::strand::on(context.get_executor());
  int run = 0;
  it.post([] { throw std::runtime_error{"this one"}; });
  it.post([&] { ++run; });
  BOOST_CHECK_THROW(context.run(), std::runtime_error);
  BOOST_TEST(run == 0);
  context.run();
  BOOST_TEST(run == 1);
}

BOOST_AUTO_TEST_CASE(has_timers) {
  asio::io_context context;
  auto const it = link::strand::on(context.get_executor());
  link::timer clock{it, 1ms};
  int run = 0;
  link::wait_on(clock, [&](boost::system::error_code ec) { run += ec ? 0 : 1; });
  context.run();
  BOOST_TEST(run == 1);
}

BOOST_AUTO_TEST_CASE(destroys_with_the_context_what_waits) {
  auto const alive = std::make_shared<int>();
  std::optional<asio::io_context> context{std::in_place};
  auto const it = link::strand::on(context->get_executor());
  it.post([alive, it] { BOOST_ERROR("called"); });
  it.post([alive, it] { BOOST_ERROR("called"); });
  BOOST_TEST(alive.use_count() == 3);
  context.reset();
  BOOST_TEST(alive.use_count() == 1);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace strand_test
