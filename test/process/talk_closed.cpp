// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// A program that sends, or takes, no more messages.

#include "talk_world.hpp"

#include <isolatte.hpp>

#include <boost/asio/error.hpp>
#include <boost/test/unit_test.hpp>

#include <array>
#include <string>

namespace talk_closed_test {

namespace asio = boost::asio;
using isolatte::call;
using isolatte::channel;
using isolatte::test::in_each_world;
using isolatte::test::sent;

int add_up(channel<int, int>& talk) {
  int sum = 0;
  while (auto const number = talk.receive()) sum += *number;
  return sum;
}

/// Posts until the program takes no more, and counts. Waits for room most of the time.
long flood(channel<std::string>& talk) {
  long posted = 0;
  while (talk.post(std::string(10'000, 'x'))) ++posted;
  return posted;
}

BOOST_AUTO_TEST_SUITE(talk_closed)

BOOST_AUTO_TEST_CASE(a_job_gets_all_that_was_sent_and_then_nothing) {
  in_each_world([](auto& world) {
    auto job = world.start(call(add_up));
    for (int i = 1; i != 4; ++i) BOOST_TEST(!world.send(job, i));
    job.close_input();
    BOOST_TEST(world.wait(job).what.value_or(-1) == 6);
  });
}

BOOST_AUTO_TEST_CASE(messages_that_wait_when_the_input_is_closed_are_sent) {
  in_each_world([](auto& world) {
    auto job = world.start(call(add_up));
    // Something else that is asked of the conversation before.
    job.close_output();
    std::array<sent, 3> all;
    for (auto& each : all) job.async_send(7, each.handler());
    job.close_input();
    sent late;
    job.async_send(1000, late.handler());
    BOOST_TEST(world.wait(job).what.value_or(-1) == 21);
    world.run_until([&] { return late.calls != 0; });
    for (auto const& each : all) {
      BOOST_TEST(each.calls == 1);
      BOOST_TEST(!each.ec, each.ec.message());
    }
    BOOST_TEST((late.ec == asio::error::broken_pipe), late.ec.message());
  });
}

BOOST_AUTO_TEST_CASE(a_job_that_is_heard_no_more_learns_of_it) {
  in_each_world([](auto& world) {
    auto job = world.start(call(flood));
    BOOST_TEST(!world.receive(job).ec);
    job.close_output();
    auto const done = world.wait(job);
    BOOST_TEST(done.what.value_or(-1) >= 1);
    BOOST_TEST((world.receive(job).ec == asio::error::eof));
  });
}

BOOST_AUTO_TEST_CASE(closing_the_input_twice_changes_nothing) {
  in_each_world([](auto& world) {
    auto job = world.start(call(add_up));
    BOOST_TEST(!world.send(job, 5));
    job.close_input();
    job.close_input();
    BOOST_TEST(world.wait(job).what.value_or(-1) == 5);
    BOOST_TEST((world.send(job, 1) == asio::error::broken_pipe));
    job.close_input();
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace talk_closed_test
