// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "nats/logic/credit.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace credit_test {

namespace logic = isolatte::nats::logic;
using namespace std::chrono_literals;

logic::moment const never = logic::moment::max();

logic::credit of_four_workers() { return logic::credit{{.workers = 4}}; }

BOOST_AUTO_TEST_SUITE(credit)

BOOST_AUTO_TEST_CASE(is_for_a_job_a_worker_if_jobs_last_and_for_more_if_they_are_short) {
  auto it = of_four_workers();
  BOOST_TEST(it.wanted(0) == 4U);
  BOOST_TEST(it.wanted(4) == 0U);
  it.ran(10ms);
  BOOST_TEST(it.wanted(0) == 20U);
  for (int i = 0; i != 100; ++i) it.ran(1us);
  BOOST_TEST(it.target() == 256U);
  for (int i = 0; i != 100; ++i) it.ran(10s);
  BOOST_TEST(it.wanted(0) == 4U);
}

BOOST_AUTO_TEST_CASE(asks_for_no_more_than_is_not_asked_for) {
  auto it = of_four_workers();
  it.asked(1, 4, never);
  BOOST_TEST(it.wanted(0) == 0U);
  it.arrived(1);
  BOOST_TEST(it.outstanding() == 3U);
  BOOST_TEST(it.wanted(1) == 0U);
  BOOST_TEST(it.wanted(0) == 1U);
}

BOOST_AUTO_TEST_CASE(takes_limits_of_zero_for_one) {
  logic::credit jobs{{.workers = 4, .most = 0}};
  logic::credit messages{{.workers = 4, .most_coming = 0}};
  for (int i = 0; i != 100; ++i) {
    jobs.ran(1us);
    messages.ran(1us);
  }
  BOOST_TEST(jobs.target() == 4U);
  BOOST_TEST(messages.target() == 256U);
  BOOST_TEST(messages.wanted(0) == 4U);
}

BOOST_AUTO_TEST_CASE(asks_for_no_more_messages_than_may_be_to_come) {
  logic::credit it{{.workers = 4, .most_coming = 2}};
  for (int i = 0; i != 100; ++i) it.ran(1us);
  it.asked(1, 4, never);
  BOOST_TEST(it.wanted(0) == 4U);
  it.asked(2, 1, never);
  // Not for a few of the most.
  BOOST_TEST(it.wanted(0) == 0U);
  it.asked(3, 10, never);
  BOOST_TEST(it.wanted(0) == 0U);
}

BOOST_AUTO_TEST_CASE(takes_a_message_for_one_of_1_to_64_jobs) {
  auto few = of_four_workers();
  few.ran(10ms);
  few.arrived(0);
  BOOST_TEST(few.wanted(0) == 20U);
  logic::credit many{{.workers = 128}};
  for (int i = 0; i != 100; ++i) many.ran(1us);
  many.arrived(1000);
  BOOST_TEST(many.target() == 8192U);
  BOOST_TEST(many.wanted(128) == 126U);
}

BOOST_AUTO_TEST_CASE(counts_messages_for_the_oldest_request) {
  auto it = of_four_workers();
  it.asked(1, 1, never);
  it.asked(2, 3, never);
  it.arrived(1);
  // Complete: its status says nothing new.
  it.ended(1, 0);
  BOOST_TEST(it.outstanding() == 3U);
  it.ended(2, 3);
  BOOST_TEST(it.outstanding() == 0U);
  it.arrived(1);
  BOOST_TEST(it.outstanding() == 0U);
}

BOOST_AUTO_TEST_CASE(believes_what_the_server_says_has_not_come) {
  auto it = of_four_workers();
  it.asked(1, 2, never);
  it.asked(2, 3, never);
  // Both came for the second request.
  it.arrived(1);
  it.arrived(1);
  BOOST_TEST(it.outstanding() == 3U);
  it.ended(2, 1);
  BOOST_TEST(it.outstanding() == 2U);
  it.ended(1, 2);
  BOOST_TEST(it.outstanding() == 0U);

  it.asked(3, 2, never);
  it.asked(4, 2, never);
  it.arrived(1);
  // The message was one for the fourth.
  it.ended(3, 2);
  BOOST_TEST(it.outstanding() == 1U);
  it.ended(4, std::nullopt);
  BOOST_TEST(it.outstanding() == 0U);
}

BOOST_AUTO_TEST_CASE(waits_for_the_others_as_long_as_for_their_own_requests) {
  auto const after = [](auto time) { return logic::moment{} + time; };
  auto it = of_four_workers();
  it.asked(1, 0, after(1s));
  BOOST_TEST((it.expires_at() == never));
  it.asked(2, 1, after(2s));
  it.asked(3, 3, after(9s));
  it.arrived(1);
  BOOST_TEST((it.expires_at() == after(9s)));
  // One more has come than the server says, so one of those was counted for another request.
  it.ended(3, 1);
  BOOST_TEST(it.outstanding() == 2U);
  BOOST_TEST((it.expires_at() == after(9s)));

  it.lost();
  it.asked(4, 2, after(5s));
  it.asked(5, 3, after(9s));
  it.ended(5, 1);
  BOOST_TEST(it.outstanding() == 4U);
  it.expire(after(5s));
  BOOST_TEST(it.outstanding() == 0U);
}

BOOST_AUTO_TEST_CASE(believes_the_end_of_the_first_request_after_a_loss) {
  auto it = of_four_workers();
  it.asked(1, 2, never);
  it.lost();
  it.asked(2, 2, never);
  it.ended(1, std::nullopt);
  BOOST_TEST(it.outstanding() == 2U);
  it.ended(2, std::nullopt);
  BOOST_TEST(it.outstanding() == 0U);
}

BOOST_AUTO_TEST_CASE(believes_the_end_of_a_request_after_one_that_has_expired) {
  auto it = of_four_workers();
  it.asked(1, 2, logic::moment{} + 1s);
  it.asked(2, 3, logic::moment{} + 9s);
  it.expire(logic::moment{} + 1s);
  it.ended(1, 2);
  BOOST_TEST(it.outstanding() == 3U);
  it.ended(2, std::nullopt);
  BOOST_TEST(it.outstanding() == 0U);
}

BOOST_AUTO_TEST_CASE(takes_a_surplus_once) {
  auto it = of_four_workers();
  for (std::uint64_t const request : {1, 2, 3}) it.asked(request, 2, never);
  it.arrived(1);
  // The message was one for another.
  it.ended(1, 2);
  BOOST_TEST(it.outstanding() == 3U);
}

BOOST_AUTO_TEST_CASE(counts_a_part_of_a_job_as_one) {
  auto it = of_four_workers();
  it.ran(25ms);
  BOOST_TEST(it.target() == 8U);
  // Messages have had two jobs, and come to have one and a 256th.
  it.arrived(2);
  for (std::size_t average = 512; average != 257; average = (7 * average + 256) / 8) it.arrived(1);
  it.asked(1, 1, never);
  // Two are missing, and not three.
  BOOST_TEST(it.wanted(4) == 2U);
}

BOOST_AUTO_TEST_CASE(asks_for_one_more_message_for_the_smallest_rest) {
  logic::credit it{{.workers = 4, .most_coming = 1000}};
  for (int i = 0; i != 100; ++i) it.ran(1us);
  it.arrived(2);
  for (std::size_t average = 512; average != 257; average = (7 * average + 256) / 8) it.arrived(1);
  // 255 messages of 257 256ths of a job are a 256th less than the 256 jobs of the target.
  BOOST_TEST(it.wanted(0) == 256U);
}

BOOST_AUTO_TEST_CASE(asks_when_half_is_missing_or_a_worker_has_less_than_two) {
  auto it = of_four_workers();
  it.ran(10ms);
  BOOST_TEST(it.target() == 20U);
  BOOST_TEST(it.wanted(11) == 0U);
  BOOST_TEST(it.wanted(10) == 10U);
  for (int i = 0; i != 100; ++i) it.ran(22ms);
  BOOST_TEST(it.target() == 8U);
  BOOST_TEST(it.wanted(8) == 0U);
  BOOST_TEST(it.wanted(7) == 1U);
  auto between = of_four_workers();
  between.ran(15ms);
  BOOST_TEST(between.target() == 12U);
  BOOST_TEST(between.wanted(8) == 0U);
  BOOST_TEST(between.wanted(7) == 5U);
}

BOOST_AUTO_TEST_CASE(ends_with_the_connection_and_with_time) {
  auto it = of_four_workers();
  it.asked(1, 2, logic::moment{} + 1s);
  it.asked(2, 2, logic::moment{} + 2s);
  BOOST_TEST((it.expires_at() == logic::moment{} + 1s));
  BOOST_TEST(!it.expire(logic::moment{} + 999ms));
  BOOST_TEST(it.expire(logic::moment{} + 1s));
  BOOST_TEST(it.outstanding() == 2U);
  it.ended(1, 2);
  BOOST_TEST(it.outstanding() == 2U);
  it.lost();
  BOOST_TEST(it.outstanding() == 0U);
  it.asked(3, 2, never);
  it.ended(2, 2);
  BOOST_TEST(it.outstanding() == 2U);
}

logic::credit of_short_jobs(std::size_t jobs_a_message) {
  auto it = of_four_workers();
  for (int i = 0; i != 100; ++i) it.ran(1us);
  for (int i = 0; i != 100; ++i) it.arrived(jobs_a_message);
  return it;
}

BOOST_AUTO_TEST_CASE(asks_for_as_many_messages_as_have_the_jobs_that_are_wanted) {
  struct row {
    std::size_t jobs_a_message, held, wanted;
  };
  // The target is 256 jobs.
  for (auto const& each : std::vector<row>{{1, 0, 32},
                                           {1, 100, 32},
                                           {1, 128, 32},
                                           {1, 129, 0},
                                           {1, 10'000, 0},
                                           {16, 0, 16},
                                           {16, 128, 8},
                                           {16, 129, 0},
                                           {64, 0, 4},
                                           {64, 1, 4},
                                           {64, 64, 3},
                                           {64, 65, 3},
                                           {64, 128, 2},
                                           {64, 129, 0},
                                           // A message has at most so many.
                                           {1000, 0, 4}})
    BOOST_TEST(of_short_jobs(each.jobs_a_message).wanted(each.held) == each.wanted,
               each.jobs_a_message << " a message, " << each.held << " held");
}

BOOST_AUTO_TEST_CASE(counts_what_is_still_to_come_by_its_jobs) {
  auto it = of_short_jobs(64);
  it.asked(1, 3, never);
  BOOST_TEST(it.wanted(0) == 1U);
  it.asked(2, 1, never);
  BOOST_TEST(it.wanted(0) == 0U);
  it.arrived(64);
  BOOST_TEST(it.wanted(64) == 0U);
  it.arrived(64);
  it.arrived(64);
  BOOST_TEST(it.wanted(65) == 0U);
  BOOST_TEST(it.wanted(64) == 2U);
}

BOOST_AUTO_TEST_CASE(is_for_a_message_for_each_idle_worker_at_least) {
  auto it = of_four_workers();
  for (int i = 0; i != 100; ++i) it.arrived(64);
  // Jobs that last come one by one.
  for (int i = 0; i != 100; ++i) it.ran(10s);
  BOOST_TEST(it.wanted(0) == 4U);
  BOOST_TEST(it.wanted(1) == 3U);
  BOOST_TEST(it.wanted(4) == 0U);
  it.asked(1, 3, never);
  BOOST_TEST(it.wanted(0) == 1U);
  BOOST_TEST(it.wanted(1) == 0U);
}

BOOST_AUTO_TEST_CASE(does_not_ask_for_much_before_it_knows_what_messages_have) {
  auto it = of_short_jobs(1);
  it.asked(1, it.wanted(0), never);
  BOOST_TEST(it.outstanding() == 32U);
  BOOST_TEST(it.wanted(0) == 0U);
  // The first large one is believed, and small ones after it only little by little.
  it.arrived(64);
  BOOST_TEST(it.wanted(0) == 0U);
  it.lost();
  BOOST_TEST(it.wanted(0) == 4U);
  it.arrived(1);
  BOOST_TEST(it.wanted(0) == 5U);
  for (int i = 0; i != 100; ++i) it.arrived(1);
  BOOST_TEST(it.wanted(0) == 32U);
}

BOOST_AUTO_TEST_CASE(asks_for_nothing_while_the_server_takes_no_results) {
  logic::credit it{{.workers = 4}};
  BOOST_TEST(it.target() == 4U);
  BOOST_TEST(it.wanted(0) == 4U);
  BOOST_TEST(it.wanted(0, 8) == 4U);
  BOOST_TEST(it.wanted(0, 10) == 2U);
  BOOST_TEST(it.wanted(0, 12) == 0U);
  BOOST_TEST(it.wanted(0, 1000) == 0U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace credit_test
