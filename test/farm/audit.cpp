// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "nats/logic/audit.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstdint>
#include <map>

namespace audit_test {

using isolatte::nats::logic::finding;
using isolatte::nats::logic::moment;
using questions = isolatte::nats::logic::audit;
using namespace std::chrono_literals;

constexpr auto lease = 8s;

moment at(std::chrono::milliseconds time) { return moment{} + time; }
moment const never = moment::max();

/// Takes a look.
/// @return what it tells, by the job
std::map<std::uint64_t, finding> look(questions& it, moment now, const questions::state& what) {
  std::map<std::uint64_t, finding> told;
  it.begin_look(now);
  BOOST_TEST((it.look_at() == never));
  auto const found = it.end_look(what);
  for (auto const& each : found.known) told[each.about.job] = each.what;
  BOOST_TEST(told.size() == found.known.size());
  return told;
}

void check(const std::map<std::uint64_t, finding>& got,
           const std::map<std::uint64_t, finding>& expected) {
  BOOST_TEST((got == expected));
}

BOOST_AUTO_TEST_SUITE(audit)

BOOST_AUTO_TEST_CASE(asks_nothing_without_a_job) {
  questions it{lease};
  BOOST_TEST((it.look_at() == never));
  it.examine({1, 1, 10});
  BOOST_TEST((it.look_at() <= at(0ms)));
  it.clear();
  BOOST_TEST((it.look_at() == never));
}

BOOST_AUTO_TEST_CASE(tells_what_the_numbers_say) {
  struct row {
    std::uint64_t place;
    questions::state state;
    finding what;
  };
  for (auto const& each :
       {row{5, {5, 9, 4}, finding::waits}, row{9, {5, 9, 0}, finding::waits},
        row{10, {5, 9, 4}, finding::missing_undelivered}, row{10, {5, 9, 10}, finding::missing},
        row{4, {5, 9, 3}, finding::missing_undelivered}, row{4, {5, 9, 4}, finding::missing},
        row{4, {5, 9, 9}, finding::missing},
        // An empty stream.
        row{9, {10, 9, 9}, finding::missing}, row{9, {10, 9, 8}, finding::missing_undelivered}}) {
    questions it{lease};
    it.examine({1, 1, each.place});
    check(look(it, at(0ms), each.state), {{1, each.what}});
  }
}

BOOST_AUTO_TEST_CASE(has_messages_looked_up_that_have_been_delivered) {
  questions it{lease};
  it.examine({1, 1, 5});
  it.examine({2, 3, 5});
  it.examine({3, 1, 6});
  it.begin_look(at(0ms));
  auto const found = it.end_look({5, 9, 9});
  BOOST_TEST(found.known.empty());
  BOOST_REQUIRE(found.to_get.size() == 2U);
  BOOST_REQUIRE(found.to_get.at(5).size() == 2U);
  BOOST_TEST(found.to_get.at(5)[1].job == 2U);
  BOOST_TEST(found.to_get.at(5)[1].attempt == 3U);
  BOOST_TEST(found.to_get.at(6)[0].job == 3U);
  // A job that wants to know again asks again.
  BOOST_TEST((it.look_at() == never));
}

BOOST_AUTO_TEST_CASE(tells_of_jobs_that_wait_when_that_has_changed) {
  questions it{lease};
  for (std::uint64_t place = 5; place != 10; ++place) it.examine({place, 1, place});
  auto told = look(it, at(0ms), {5, 9, 4});
  BOOST_TEST(told.size() == 5U);
  BOOST_TEST(it.waiting() == 5U);
  BOOST_TEST((it.look_at() == at(8s)));
  check(look(it, at(8s), {5, 9, 4}), {});
  // Two have been delivered, and one of these is done.
  check(look(it, at(16s), {6, 9, 6}), {{5, finding::delivered}, {6, finding::delivered}});
  BOOST_TEST(it.waiting() == 3U);
  // Somebody has deleted what waited, or the server has forgotten it.
  check(look(it, at(24s), {8, 8, 6}),
        {{7, finding::missing_undelivered}, {9, finding::missing_undelivered}});
  check(look(it, at(32s), {9, 8, 6}), {{8, finding::missing_undelivered}});
  BOOST_TEST((it.look_at() == never));
}

BOOST_AUTO_TEST_CASE(looks_once_a_lease_whatever_the_number_of_jobs) {
  questions it{lease};
  int looks = 0;
  std::uint64_t jobs = 0;
  for (auto now = at(0ms); now < at(80s); now += 1ms) {
    ++jobs;
    it.examine({jobs, 1, jobs});
    if (it.look_at() > now) continue;
    ++looks;
    look(it, now, {1, jobs, 0});
  }
  BOOST_TEST(looks == 10);
  BOOST_TEST(it.waiting() > 70'000U);
}

BOOST_AUTO_TEST_CASE(looks_for_jobs_that_come_while_it_looks_later) {
  questions it{lease};
  it.examine({1, 1, 5});
  it.begin_look(at(0ms));
  // The stream may have taken this one in after the server has answered.
  it.examine({2, 1, 10});
  auto const found = it.end_look({5, 9, 0});
  BOOST_REQUIRE(found.known.size() == 1U);
  BOOST_TEST(found.known[0].about.job == 1U);
  BOOST_TEST((it.look_at() == at(8s)));
}

BOOST_AUTO_TEST_CASE(looks_again_at_once_if_the_server_does_not_answer) {
  questions it{lease};
  it.examine({1, 1, 5});
  it.begin_look(at(0ms));
  it.examine({2, 1, 6});
  it.fail_look();
  BOOST_TEST((it.look_at() <= at(1ms)));
  check(look(it, at(1ms), {5, 9, 0}), {{1, finding::waits}, {2, finding::waits}});
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace audit_test
