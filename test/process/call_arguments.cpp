// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "remembered.hpp"
#include "support/nothing_left.hpp"

#include <isolatte.hpp>

#include <boost/asio.hpp>
#include <boost/test/unit_test.hpp>

#include <stdexcept>
#include <string>

namespace call_arguments_test {

namespace asio = boost::asio;
using isolatte::call;
using isolatte::test::nothing_left;
using isolatte::test::remembered;

struct unsavable {
  template <class Archive>
  void serialize(Archive&, unsigned) {
    if constexpr (Archive::is_saving::value) throw std::domain_error{"cannot be saved"};
  }
};
int take(const unsavable&) { return 1; }

BOOST_AUTO_TEST_SUITE(call_arguments)

// The initiating function throws the exception of saving an argument. From the event loop no caller
// could catch it

BOOST_FIXTURE_TEST_CASE(that_cannot_be_saved_throw_into_the_caller, nothing_left) {
  asio::io_context context;
  isolatte::fork_server server{context};
  isolatte::worker_pool pool{context, {.workers = 1}};
  remembered<int> done;
  BOOST_CHECK_THROW(server.async_fork(call(take, unsavable{}), done.handler()), std::domain_error);
  BOOST_CHECK_THROW(pool.async_run(call(take, unsavable{}), done.handler()), std::domain_error);
  BOOST_CHECK_THROW(static_cast<void>(pool.async_run(call(take, unsavable{}))), std::domain_error);
  pool.stop();
  context.run();
  BOOST_TEST(done.calls == 0);
}

BOOST_FIXTURE_TEST_CASE(that_cannot_be_saved_throw_into_the_coroutine, nothing_left) {
  asio::io_context context;
  isolatte::fork_server server{context};
  isolatte::worker_pool pool{context, {.workers = 1}};
  std::string caught;
  asio::co_spawn(
      context,
      [&]() -> asio::awaitable<void> {
        try {
          static_cast<void>(
              co_await server.async_fork(call(take, unsavable{}), asio::use_awaitable));
        } catch (const std::domain_error& error) {
          caught += error.what();
        }
        try {
          static_cast<void>(co_await pool.async_run(call(take, unsavable{}), asio::use_awaitable));
        } catch (const std::domain_error& error) {
          caught += error.what();
        }
        pool.stop();
      },
      asio::detached);
  context.run();
  BOOST_TEST(caught == "cannot be savedcannot be saved");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace call_arguments_test
