// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "nats/pending.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/execution/blocking.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/test/unit_test.hpp>

#include <memory>
#include <new>
#include <utility>

namespace pending_test {

namespace asio = boost::asio;

/// An executor that has no memory for the first functions it is given.
struct short_of_memory {
  asio::io_context* context = nullptr;
  int* failures = nullptr;

  asio::execution_context& query(asio::execution::context_t) const noexcept { return *context; }
  static constexpr asio::execution::blocking_t query(asio::execution::blocking_t) noexcept {
    return asio::execution::blocking.never;
  }
  short_of_memory require(asio::execution::blocking_t::never_t) const noexcept { return *this; }
  template <class Function>
  void execute(Function what) const {
    if (*failures > 0) {
      --*failures;
      throw std::bad_alloc{};
    }
    asio::post(*context, std::move(what));
  }
  bool operator==(const short_of_memory& other) const noexcept {
    return context == other.context && failures == other.failures;
  }
  bool operator!=(const short_of_memory& other) const noexcept { return !(*this == other); }
};

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
