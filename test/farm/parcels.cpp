// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "nats/logic/parcels.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstdint>
#include <vector>

namespace parcels_test {

namespace logic = isolatte::nats::logic;
using namespace std::chrono_literals;
using numbers = std::vector<std::uint64_t>;

/// Jobs have lately been short.
logic::parcels of_short_jobs() {
  logic::parcels made{{}};
  made.ran(1us);
  return made;
}

BOOST_AUTO_TEST_SUITE(parcels)

BOOST_AUTO_TEST_CASE(have_one_job_each_unless_jobs_are_short) {
  logic::parcels all{{}};
  BOOST_TEST(all.most() == 1U);
  all.ran(10us);
  BOOST_TEST(all.most() == 64U);
  for (int i = 0; i != 50; ++i) all.ran(800us);
  BOOST_TEST(all.most() > 19U);
  BOOST_TEST(all.most() < 23U);
  all.ran(1s);
  BOOST_TEST(all.most() == 1U);
}

BOOST_AUTO_TEST_CASE(have_one_job_each_if_they_may_have_none) {
  logic::parcels all{{.jobs = 0}};
  all.ran(1us);
  BOOST_TEST(all.most() == 1U);
}

BOOST_AUTO_TEST_CASE(take_what_has_gathered_while_others_were_under_way) {
  auto all = of_short_jobs();
  for (std::uint64_t number = 1; number <= 8; ++number) {
    all.add(number, 10, false);
    BOOST_TEST(all.next().value() == number);
  }
  for (std::uint64_t number = 9; number <= 90; ++number) all.add(number, 10, false);
  BOOST_TEST(!all.next());
  BOOST_TEST(!all.stored(1, 100));
  auto const next = all.next();
  BOOST_REQUIRE(next);
  BOOST_TEST(all.jobs(*next).size() == 64U);
  BOOST_TEST(all.jobs(*next).front() == 9U);
  BOOST_TEST(all.waiting() == 18U);
  BOOST_TEST(all.unanswered().size() == 8U);
}

BOOST_AUTO_TEST_CASE(gather_jobs_while_hosts_have_many_others) {
  auto all = of_short_jobs();
  BOOST_TEST(!all.may_gather());
  for (std::uint64_t number = 1; number <= 64; ++number) all.add(number, 10, false);
  // Nothing is under way.
  BOOST_TEST(!all.may_gather());
  BOOST_TEST(all.jobs(all.next().value()).size() == 64U);
  BOOST_TEST(!all.may_gather());
  for (std::uint64_t number = 65; number <= 67; ++number) {
    all.add(number, 10, false);
    BOOST_TEST(all.may_gather());
  }
  all.add(68, 10, false);
  BOOST_TEST(!all.may_gather());
  // Jobs that last, and those that travel alone, do not wait.
  for (std::uint64_t number = 65; number <= 67; ++number) all.leave(number, false);
  BOOST_TEST(all.may_gather());
  all.ran(1h);
  BOOST_TEST(!all.may_gather());
  auto alone = of_short_jobs();
  for (std::uint64_t number = 1; number <= 64; ++number) alone.add(number, 10, false);
  BOOST_TEST(alone.next().has_value());
  alone.add(65, 10, true);
  BOOST_TEST(!alone.may_gather());
}

BOOST_AUTO_TEST_CASE(keep_to_their_bytes) {
  auto all = of_short_jobs();
  all.room(1000, 100);
  BOOST_TEST(all.fits(900));
  BOOST_TEST(!all.fits(901));
  for (std::uint64_t number = 1; number <= 3; ++number) all.add(number, 400, false);
  all.add(4, 900, false);
  BOOST_TEST((all.jobs(all.next().value()) == numbers{1, 2}));
  BOOST_TEST((all.jobs(all.next().value()) == numbers{3}));
  BOOST_TEST((all.jobs(all.next().value()) == numbers{4}));
  all.add(5, 450, false);
  all.add(6, 450, false);
  BOOST_TEST((all.jobs(all.next().value()) == numbers{5, 6}));
  all.add(7, 450, false);
  all.add(8, 451, false);
  BOOST_TEST((all.jobs(all.next().value()) == numbers{7}));
}

BOOST_AUTO_TEST_CASE(hold_nothing_if_messages_have_no_room_for_it) {
  logic::parcels all{{}};
  all.room(100, 101);
  BOOST_TEST(all.fits(0));
  BOOST_TEST(!all.fits(1));
}

BOOST_AUTO_TEST_CASE(have_no_neighbour_for_a_job_of_many_bytes) {
  auto all = of_short_jobs();
  all.add(1, 128 * 1024 + 1, false);
  all.add(2, 0, false);
  BOOST_TEST((all.jobs(all.next().value()) == numbers{1}));
  BOOST_TEST((all.jobs(all.next().value()) == numbers{2}));
}

BOOST_AUTO_TEST_CASE(have_no_neighbour_for_a_job_that_travels_alone) {
  auto all = of_short_jobs();
  all.add(1, 1, false);
  all.add(2, 1, true);
  all.add(3, 1, false);
  BOOST_TEST((all.jobs(all.next().value()) == numbers{1}));
  BOOST_TEST((all.jobs(all.next().value()) == numbers{2}));
  BOOST_TEST((all.jobs(all.next().value()) == numbers{3}));
}

BOOST_AUTO_TEST_CASE(are_deleted_when_no_job_needs_them_and_no_host_has_told_of_any) {
  auto all = of_short_jobs();
  all.add(1, 1, false);
  all.add(2, 1, false);
  auto const parcel = all.next().value();
  BOOST_TEST(!all.stored(parcel, 100));
  BOOST_TEST(all.place(parcel).value() == 100U);
  BOOST_TEST(!all.leave(1, false));
  BOOST_TEST(all.leave(2, false).value() == 100U);
  BOOST_TEST(!all.parcel_of(2));
  BOOST_TEST(!all.place(parcel));

  all.add(3, 1, false);
  BOOST_TEST(!all.parcel_of(3));
  BOOST_TEST(!all.leave(3, false));
  BOOST_TEST(!all.leave(3, false));
  BOOST_TEST(!all.next());

  all.add(4, 1, false);
  auto const told = all.next().value();
  all.stored(told, 101);
  BOOST_TEST(!all.leave(4, true));

  all.add(5, 1, false);
  auto const left = all.next().value();
  BOOST_TEST(!all.leave(5, false));
  BOOST_TEST(all.stored(left, 102));
  BOOST_TEST(!all.place(left));
  BOOST_TEST(all.unanswered().empty());

  all.add(6, 1, false);
  auto const removed = all.next().value();
  all.stored(removed, 103);
  all.removed(removed);
  all.removed(removed + 1);
  BOOST_TEST(!all.leave(6, false));
}

BOOST_AUTO_TEST_CASE(are_under_way_until_the_first_answer) {
  logic::parcels all{{.unanswered = 1}};
  for (std::uint64_t number = 1; number <= 4; ++number) all.add(number, 1, false);
  auto const first = all.next().value();
  BOOST_TEST(!all.stored(first + 1, 99));
  BOOST_TEST(!all.next());
  BOOST_TEST(!all.stored(first, 100));
  BOOST_TEST(!all.stored(first, 101));
  BOOST_TEST(all.place(first).value() == 100U);
  auto const second = all.next().value();
  BOOST_TEST(!all.next());
  // The first one is none of those under way.
  BOOST_TEST((all.refused(first) == numbers{1}));
  BOOST_TEST(!all.next());
  BOOST_TEST((all.refused(second) == numbers{2}));
  BOOST_TEST(all.refused(second).empty());
  BOOST_TEST((all.jobs(all.next().value()) == numbers{3}));
  BOOST_TEST(!all.next());
}

BOOST_AUTO_TEST_CASE(give_their_jobs_back_if_refused) {
  auto all = of_short_jobs();
  all.add(1, 1, false);
  all.add(2, 1, false);
  auto const parcel = all.next().value();
  BOOST_TEST((all.refused(parcel) == numbers{1, 2}));
  BOOST_TEST(!all.parcel_of(1));
  BOOST_TEST(all.unanswered().empty());
}

BOOST_AUTO_TEST_CASE(go_again_only_while_the_server_finds_duplicates) {
  using logic::moment;
  auto all = of_short_jobs();
  all.add(1, 1, false);
  auto const parcel = all.next().value();
  moment const begin = moment{} + 1h;
  BOOST_TEST(all.may_go_again(parcel, begin));
  all.published(parcel, begin);
  BOOST_TEST(all.may_go_again(parcel, begin + 59s));
  // The first time counts.
  all.published(parcel, begin + 59s);
  BOOST_TEST(!all.may_go_again(parcel, begin + 60s));
  // The server has not stored one of the two.
  all.failed(parcel);
  BOOST_TEST(!all.may_go_again(parcel, begin + 60s));
  // So it has not the other one.
  all.failed(parcel);
  BOOST_TEST(all.may_go_again(parcel, begin + 60s));
  all.published(parcel, begin + 60s);
  BOOST_TEST(all.may_go_again(parcel, begin + 119s));
  BOOST_TEST(!all.may_go_again(parcel, begin + 120s));
  BOOST_TEST((all.refused(parcel) == numbers{1}));
  BOOST_TEST(!all.may_go_again(parcel, begin));
}

BOOST_AUTO_TEST_CASE(go_again_after_a_failure_that_no_publication_has_had) {
  logic::parcels all{{}};
  all.add(1, 1, false);
  auto const parcel = all.next().value();
  all.failed(parcel);
  all.failed(parcel + 1);
  logic::moment const begin = logic::moment{} + 1h;
  all.published(parcel, begin);
  BOOST_TEST(!all.may_go_again(parcel, begin + 60s));
}

BOOST_AUTO_TEST_CASE(have_no_place_in_another_stream) {
  auto all = of_short_jobs();
  all.add(1, 1, false);
  auto const parcel = all.next().value();
  all.stored(parcel, 100);
  all.add(2, 1, false);
  auto const unanswered = all.next().value();
  all.stream_replaced();
  BOOST_TEST(!all.place(parcel));
  BOOST_TEST(!all.leave(1, false));
  // The answer is from the new one.
  BOOST_TEST(!all.stored(unanswered, 1));
  BOOST_TEST(all.place(unanswered).value() == 1U);
  BOOST_TEST(all.leave(2, false).value() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace parcels_test
