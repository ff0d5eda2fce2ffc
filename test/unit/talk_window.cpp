// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "logic/talk_window.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <limits>

namespace talk_window_test {

using isolatte::logic::talk_debt;
using isolatte::logic::talk_room;

constexpr auto largest = std::numeric_limits<std::size_t>::max();

BOOST_AUTO_TEST_SUITE(talk_window)

BOOST_AUTO_TEST_CASE(a_window_is_filled_to_its_last_byte) {
  talk_room room{100};
  room.send(60);
  BOOST_TEST(room.has_room(40));
  BOOST_TEST(!room.has_room(41));
  room.send(40);
  BOOST_TEST(room.has_room(0));
  BOOST_TEST(!room.has_room(1));
}

BOOST_AUTO_TEST_CASE(one_message_alone_may_be_larger) {
  talk_room room{100};
  BOOST_TEST(room.has_room(101));
  room.send(101);
  BOOST_TEST(!room.has_room(0));
  BOOST_TEST(room.take(100));
  BOOST_TEST(!room.has_room(100));
  BOOST_TEST(room.has_room(99));
  BOOST_TEST(room.take(1));
  BOOST_TEST(room.has_room(largest));
}

BOOST_AUTO_TEST_CASE(no_cost_is_too_large_to_be_compared) {
  talk_room room{largest};
  room.send(1);
  BOOST_TEST(room.has_room(largest - 1));
  BOOST_TEST(!room.has_room(largest));
  talk_room small{2};
  small.send(largest);
  BOOST_TEST(!small.has_room(2));
}

BOOST_AUTO_TEST_CASE(no_more_is_taken_than_was_sent) {
  talk_room room{100};
  BOOST_TEST(room.take(0));
  BOOST_TEST(!room.take(1));
  room.send(10);
  BOOST_TEST(!room.take(11));
  BOOST_TEST(!room.take(std::numeric_limits<std::uint64_t>::max()));
  BOOST_TEST(room.taken() == 0u);
  BOOST_TEST(room.take(10));
  BOOST_TEST(!room.take(1));
  BOOST_TEST(room.sent() == 10u);
  BOOST_TEST(room.taken() == 10u);
}

BOOST_AUTO_TEST_CASE(a_quarter_of_the_window_is_paid_at_once) {
  for (bool const is_all : {true, false}) {
    talk_debt debt{100};
    debt.take(24);
    BOOST_TEST(debt.pay(is_all) == 0u);
    debt.take(1);
    BOOST_TEST(debt.pay(is_all) == 25u);
    BOOST_TEST(debt.pay(is_all) == 0u);
  }
}

BOOST_AUTO_TEST_CASE(a_side_that_waits_is_paid_when_all_is_taken) {
  talk_debt debt{100};
  debt.take(5);
  debt.ask();
  BOOST_TEST(debt.pay(false) == 0u);
  debt.take(6);
  BOOST_TEST(debt.pay(true) == 11u);
  // The other side asks again if that does not suffice.
  debt.take(7);
  BOOST_TEST(debt.pay(true) == 0u);
}

BOOST_AUTO_TEST_CASE(a_side_that_waits_goes_on_waiting_after_a_part) {
  talk_debt debt{100};
  debt.ask();
  debt.take(30);
  BOOST_TEST(debt.pay(false) == 30u);
  debt.take(1);
  BOOST_TEST(debt.pay(true) == 1u);
}

// A message leaves the inbox a moment before it is taken.
BOOST_AUTO_TEST_CASE(a_side_that_waits_is_paid_for_what_is_being_taken) {
  talk_debt debt{100};
  debt.ask();
  BOOST_TEST(debt.pay(true) == 0u);
  debt.take(1);
  BOOST_TEST(debt.pay(true) == 1u);
}

BOOST_AUTO_TEST_CASE(nothing_is_owed_at_first) {
  talk_debt debt{1};
  debt.ask();
  BOOST_TEST(debt.pay(true) == 0u);
  debt.take(1);
  BOOST_TEST(debt.pay(false) == 1u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace talk_window_test
