// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "nats/logic/pause_watch.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>

namespace pause_watch_test {

namespace logic = isolatte::nats::logic;
using logic::moment;
using namespace std::chrono_literals;

moment at(std::chrono::milliseconds time) { return moment{} + time; }

/// Beats each second, for the first time at the first one.
logic::pause_watch beating() {
  logic::pause_watch made;
  made.beat_each(1s);
  made.beat(at(1s));
  return made;
}

BOOST_AUTO_TEST_SUITE(pause_watch)

BOOST_AUTO_TEST_CASE(believes_messages_while_the_host_beats) {
  auto it = beating();
  BOOST_TEST((it.beat_at() == at(2s)));
  it.beat(at(3s));
  BOOST_TEST(!it.is_in_doubt());
  BOOST_TEST((it.leased_at(at(2500ms)) == at(2500ms)));
}

BOOST_AUTO_TEST_CASE(takes_messages_for_as_old_as_the_last_beat_after_a_pause) {
  auto it = beating();
  it.beat(at(3001ms));
  BOOST_TEST(it.is_in_doubt());
  BOOST_TEST((it.leased_at(at(3s)) == at(1s)));
  // Read before the pause.
  BOOST_TEST((it.leased_at(at(500ms)) == at(500ms)));
  it.beat(at(4s));
  BOOST_TEST((it.leased_at(at(4s)) == at(1s)));
  it.answered(at(3001ms));
  BOOST_TEST(!it.is_in_doubt());
  BOOST_TEST((it.leased_at(at(5s)) == at(5s)));
}

BOOST_AUTO_TEST_CASE(does_not_believe_answers_of_before_the_last_pause) {
  auto it = beating();
  it.beat(at(10s));
  it.beat(at(20s));
  it.answered(at(10s));
  BOOST_TEST(it.is_in_doubt());
  BOOST_TEST((it.leased_at(at(20s)) == at(1s)));
  it.answered(at(20s));
  BOOST_TEST(!it.is_in_doubt());
}

BOOST_AUTO_TEST_CASE(takes_no_rest_for_a_pause) {
  auto it = beating();
  it.rest();
  BOOST_TEST((it.beat_at() == moment::min()));
  it.beat(at(100s));
  BOOST_TEST(!it.is_in_doubt());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace pause_watch_test
