// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "nats/pending.hpp"

#include "farm/short_of_memory.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <memory>
#include <new>
#include <utility>

namespace pending_test {

namespace asio = boost::asio;

using farm_test::short_of_memory;

struct world {
  asio::io_context context;
  int failures = 3;
  short_of_memory executor{&context, &failures};
};

BOOST_AUTO_TEST_SUITE(pending)

BOOST_FIXTURE_TEST_CASE(calls_a_handler_once_although_its_loop_has_no_memory, world) {
  int calls = 0;
  isolatte::nats::pending<int> waiting{[&](int n) { calls += n; }, executor};
  std::move(waiting).complete(1);
  BOOST_TEST(failures == 0);
  BOOST_TEST(calls == 0);
  context.run();
  BOOST_TEST(calls == 1);
}

BOOST_FIXTURE_TEST_CASE(calls_a_handler_once_although_its_executor_has_no_memory, world) {
  int calls = 0;
  isolatte::nats::pending<int> waiting{asio::bind_executor(executor, [&](int n) { calls += n; }),
                                       context.get_executor()};
  std::move(waiting).complete(1);
  context.run();
  BOOST_TEST(failures == 0);
  BOOST_TEST(calls == 1);
}

BOOST_FIXTURE_TEST_CASE(lets_what_the_handler_throws_pass, world) {
  int calls = 0;
  isolatte::nats::pending<> waiting{asio::bind_executor(context,
                                                        [&] {
                                                          ++calls;
                                                          throw std::bad_alloc{};
                                                        }),
                                    context.get_executor()};
  std::move(waiting).complete();
  BOOST_CHECK_THROW(context.run(), std::bad_alloc);
  BOOST_TEST(calls == 1);
  context.restart();
  context.run();
  BOOST_TEST(calls == 1);
}

BOOST_FIXTURE_TEST_CASE(that_is_not_completed_destroys_the_handler_uncalled, world) {
  auto const alive = std::make_shared<int>(0);
  {
    isolatte::nats::pending<int> const waiting{[alive](int n) { *alive += n; },
                                               context.get_executor()};
    BOOST_TEST(alive.use_count() == 2);
  }
  BOOST_TEST(alive.use_count() == 1);
  BOOST_TEST(*alive == 0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace pending_test
