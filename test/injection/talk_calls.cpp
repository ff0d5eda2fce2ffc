// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// System calls fail around jobs of a pool that talk, and around residents. Every operation still
// completes exactly once, with its value or with an error, and no process and no descriptor
// remains.

#include "support/fail_calls.hpp"
#include "support/nothing_left.hpp"

#include <isolatte/call.hpp>
#include <isolatte/channel.hpp>
#include <isolatte/child.hpp>
#include <isolatte/error.hpp>
#include <isolatte/resident.hpp>
#include <isolatte/worker_pool.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/system/errc.hpp>
#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>

#include <array>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>

namespace talk_calls_test {

namespace asio = boost::asio;
namespace errc = boost::system::errc;
using boost::system::error_code;
using isolatte::ending;
using isolatte::outcome;
using isolatte::test::fail_calls;
using isolatte::test::failure;
using isolatte::test::side;

/// The facts about one run.
struct result {
  int completions = 0;
  error_code ec;
  outcome<int> what;
  int ends_of_messages = 0;
  int sends = 0;
  /// Names what differs from what the other side said.
  std::string wrong{};
};

/// Posts, and receives until it is told that this is all, or there is no more.
int converse(std::stop_token, isolatte::channel<int, int>& talk) {
  for (int i = 1; i <= 3; ++i) talk.post(i);
  while (auto const message = talk.receive())
    if (*message == 0) break;
  return 42;
}

/// The program's side of converse().
struct conversation {
  conversation(result& to, isolatte::child<int, int, int> with) : r{to}, job{std::move(with)} {}

  void begin() {
    job.async_wait([this](error_code ec, outcome<int> o) {
      ++r.completions;
      r.ec = ec;
      r.what = std::move(o);
    });
    receive();
    send(7);
  }
  void receive() {
    job.async_receive([this](error_code ec, int message) {
      if (ec) {
        ++r.ends_of_messages;
        return;
      }
      if (message != ++received) r.wrong = "a message";
      if (message == 3) {
        static_cast<void>(job.request_stop());
        send(0);
      }
      receive();
    });
  }
  void send(int message) {
    ++r.sends;
    job.async_send(message, [this](error_code) { --r.sends; });
  }

  result& r;
  isolatte::child<int, int, int> job;
  int received = 0;
};

struct counter {
  explicit counter(int start) : value{start} {}
  int add(int n) { return value += n; }
  int value;
};

/// Two conversations with jobs of a pool, one after the other.
/// @return no value if the pool could not be made
std::optional<std::array<result, 2>> talk_in_a_pool() {
  std::array<result, 2> results;
  asio::io_context context;
  std::optional<isolatte::worker_pool> pool;
  try {
    pool.emplace(context, isolatte::pool_options{.workers = 1});
  } catch (const boost::system::system_error&) {
    return std::nullopt;
  }
  std::array<std::optional<conversation>, 2> both;
  for (std::size_t i = 0; i != both.size(); ++i) {
    both[i].emplace(results[i], pool->spawn_job(isolatte::call(converse)));
    both[i]->begin();
  }
  pool->async_drain([&](error_code) { pool->stop(); });
  context.run();
  return results;
}

/// Two calls of a resident, and a conversation.
std::optional<std::array<result, 2>> call_a_resident() {
  std::array<result, 2> results;
  asio::io_context context;
  isolatte::resident<counter> held{context, isolatte::call([] { return 41; })};
  std::optional<conversation> talk;
  auto const note = [&](error_code ec, outcome<int> o) {
    ++results[0].completions;
    results[0].ec = ec;
    results[0].what = std::move(o);
    results[0].ends_of_messages = 1;
    talk.emplace(results[1], held.spawn_call(isolatte::call(
                                 [](std::stop_token stop, isolatte::channel<int, int>& channel,
                                    counter&) { return converse(std::move(stop), channel); })));
    talk->begin();
  };
  held.async_call(isolatte::call(&counter::add, 1), note);
  while (results[1].completions == 0 || results[1].ends_of_messages == 0 || results[1].sends != 0)
    BOOST_REQUIRE(context.run_one() == 1u);
  held.stop();
  context.run();
  return results;
}

using scenario = std::optional<std::array<result, 2>> (*)();

/// @return whether the operation ended as it does if nothing fails
bool judge(const result& one, const fail_calls& calls) {
  BOOST_TEST(one.completions == 1);
  BOOST_TEST(one.ends_of_messages == 1);
  BOOST_TEST(one.sends == 0);
  BOOST_TEST(one.wrong == "");
  if (one.what.how() == ending::returned) {
    BOOST_TEST(!one.ec, one.ec.message());
    BOOST_TEST(one.what.value() == 42);
    return true;
  }
  BOOST_TEST(calls.injected());
  if (one.what.how() == ending::not_started) {
    BOOST_TEST((one.what.ran() == isolatte::ran::no));
    // The program's end of a conversation fails for want of memory, whichever call told so.
    BOOST_TEST((one.ec.value() == calls.error() || one.ec == errc::not_enough_memory ||
                one.ec == isolatte::error::server_died || one.ec == isolatte::error::state_lost ||
                one.ec == isolatte::error::worker_start_failed),
               one.ec.message());
  }
  return false;
}

/// @return whether a call was made to fail
bool try_with(scenario what, const failure& how) {
  auto const before = isolatte::test::open_descriptors();
  bool injected = false;
  {
    fail_calls const calls{how};
    auto const results = what();
    injected = calls.injected();
    BOOST_TEST_CONTEXT(calls.entry() << ", call " << how.nth << " in the "
                                     << (how.where == side::parent ? "parent" : "child")) {
      BOOST_TEST((results || injected));
      int differ = 0;
      if (results)
        for (auto const& each : *results)
          BOOST_TEST_CONTEXT(each.what << ", " << each.ec) differ += !judge(each, calls);
      // One failure costs one operation.
      if (how.how == failure::mode::nth) BOOST_TEST(differ <= 1);
      if (how.how == failure::mode::interrupted) BOOST_TEST((results && differ == 0));
    }
  }
  BOOST_TEST(isolatte::test::open_descriptors() == before, boost::test_tools::per_element());
  BOOST_TEST(isolatte::test::children_vanish());
  return injected;
}

void fail_all(scenario what) {
  BOOST_TEST(!try_with(what, {.nth = 0}));
  for (auto const where : {side::parent, side::child}) {
    unsigned nth = 1;
    for (; try_with(what, {.where = where, .nth = nth}); ++nth) BOOST_REQUIRE(nth < 2000);
    BOOST_TEST(nth > 1u);
    for (auto const entry : fail_calls::entries())
      // Without pidfd, kill() is the only way to end a worker.
      if (ISOLATTE_HAS_PIDFD || where == side::child || entry != "kill")
        try_with(what, {.how = failure::mode::every, .where = where, .entry = entry});
  }
  BOOST_TEST(try_with(what, {.how = failure::mode::interrupted}));
}

BOOST_FIXTURE_TEST_SUITE(talk_calls, isolatte::test::nothing_left)

BOOST_AUTO_TEST_CASE(each_call_fails_around_talk_in_a_pool) { fail_all(talk_in_a_pool); }

BOOST_AUTO_TEST_CASE(each_call_fails_around_a_resident) { fail_all(call_a_resident); }

BOOST_AUTO_TEST_SUITE_END()

}  // namespace talk_calls_test
