// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "remembered.hpp"
#include "support/nothing_left.hpp"

#include <isolatte.hpp>

#include <boost/asio.hpp>
#include <boost/test/unit_test.hpp>

#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

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

struct unloadable {
  template <class Archive>
  void serialize(Archive&, unsigned) {
    if constexpr (Archive::is_loading::value) throw std::runtime_error{"no licence to load"};
  }
};
int take_unloadable(const unloadable&) { return 1; }

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

// Nothing has run: the outcome says so, and what was thrown.
BOOST_FIXTURE_TEST_CASE(that_cannot_be_loaded_say_why, nothing_left) {
  asio::io_context context;
  isolatte::fork_server server{context};
  isolatte::worker_pool pool{context, {.workers = 1}};
  std::vector<std::string> texts;
  auto const note = [&](boost::system::error_code, const isolatte::outcome<int>& what) {
    std::ostringstream text;
    text << what;
    texts.push_back(text.str().substr(0, text.str().find(" (pid")));
    BOOST_TEST(what.ran() == isolatte::ran::no);
    BOOST_CHECK_THROW(static_cast<void>(what.value()), isolatte::abnormal_end);
  };
  server.async_fork(call(take_unloadable, unloadable{}), note);
  pool.async_run(call(take_unloadable, unloadable{}), note);
  std::vector<unloadable> const one(1);
  isolatte::async_map(
      pool, one, take_unloadable, {},
      [&](boost::system::error_code, const std::vector<isolatte::outcome<int>>& all) {
        note({}, all.at(0));
        pool.stop();
      });
  context.run();
  BOOST_TEST(texts.size() == 3u);
  for (auto const& text : texts)
    BOOST_TEST(text == "undelivered: the arguments could not be received: no licence to load");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace call_arguments_test
