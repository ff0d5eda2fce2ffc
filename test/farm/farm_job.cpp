// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "nats/logic/farm_job.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstdint>

namespace farm_job_test {

using namespace isolatte::nats::logic;
using namespace std::chrono_literals;

constexpr auto lease = 8s;

moment at(std::chrono::milliseconds time) { return moment{} + time; }

void check(job_step got, job_step expected) {
  BOOST_TEST(static_cast<unsigned>(got) == static_cast<unsigned>(expected));
}

void check_end(const farm_job& job, job_end how, bool is_certainly_unrun) {
  BOOST_REQUIRE(job.settled());
  BOOST_TEST(static_cast<int>(job.conclude().how) == static_cast<int>(how));
  BOOST_TEST(job.conclude().is_certainly_unrun == is_certainly_unrun);
  BOOST_TEST((job.wake_at() == moment::max()));
}

farm_job started(std::uint32_t max_hosts = 3, moment begin_by = moment::max()) {
  farm_job job{{lease, max_hosts, begin_by}};
  check(job.start(true), job_step::publish);
  return job;
}

farm_job sent(std::uint32_t max_hosts = 3, moment begin_by = moment::max()) {
  auto job = started(max_hosts, begin_by);
  job.sent();
  return job;
}

farm_job stored(std::uint32_t max_hosts = 3, moment begin_by = moment::max()) {
  auto job = sent(max_hosts, begin_by);
  check(job.stored(at(0ms), 1), job_step::none);
  return job;
}

/// One that has been given back, and is to be published a second time.
farm_job returned() {
  auto job = stored();
  check(job.result(at(0ms), told::returned, 1, 1, 0), job_step::publish);
  return job;
}

/// The second publication has been stored at the moment 0.
farm_job stored_again() {
  auto job = returned();
  job.sent();
  check(job.stored(at(0ms), 2), job_step::none);
  return job;
}

/// The message is missing, and hosts are asked until 24 s whether they have the job.
farm_job missing() {
  auto job = stored();
  check(job.wake(at(16s)), job_step::examine);
  check(job.examined(at(16s), 1, finding::missing), job_step::tell_hosts);
  BOOST_TEST((job.wake_at() == at(24s)));
  return job;
}

/// @param at_once the stream is made anew while the connection stands
void check_refused_after_loss(farm_job job, bool at_once, bool is_certainly_unrun) {
  if (at_once) {
    check(job.stream_replaced(at(0ms)), job_step::none);
  } else {
    job.connection_down();
    check(job.connection_up(at(0ms), false, false), job_step::none);
  }
  job.sent();
  check(job.refused(at(0ms), job.attempt(), job_end::too_large), job_step::settle);
  check_end(job, job_end::too_large, is_certainly_unrun);
}

BOOST_AUTO_TEST_SUITE(farm_job)

BOOST_AUTO_TEST_CASE(is_settled_by_its_report_and_by_nothing_after_that) {
  auto job = stored();
  check(job.result(at(1s), told::report, 1, 1, 0), job_step::settle);
  check_end(job, job_end::reported, true);
  check(job.result(at(1s), told::report, 1, 1, 0), job_step::none);
  check(job.cancel(at(1s), wish::terminate), job_step::none);
  check(job.wake(at(100s)), job_step::none);
  check(job.stop(), job_step::none);
  job.sent();
  BOOST_TEST(job.settled());
  job = stored();
  job.cancel(at(0ms), wish::terminate);
  job.result(at(1s), told::report, 1, 1, 0);
  check(job.wake(at(100s)), job_step::none);
  job.connection_down();
  check(job.connection_up(at(100s), true, true), job_step::none);
}

BOOST_AUTO_TEST_CASE(is_settled_by_a_report_that_comes_before_the_answer_of_the_server) {
  auto job = sent();
  check(job.result(at(1s), told::report, 1, 1, 0), job_step::settle);
  check(job.stored(at(1s), 1), job_step::none);
  BOOST_TEST(job.settled());
}

BOOST_AUTO_TEST_CASE(is_not_believed_to_be_unrun_after_a_second_delivery) {
  auto job = stored();
  check(job.result(at(1s), told::report, 1, 2, 0), job_step::settle);
  check_end(job, job_end::reported, false);
}

BOOST_AUTO_TEST_CASE(that_was_not_published_is_cancelled_at_once) {
  auto job = started();
  check(job.cancel(at(0ms), wish::interrupt), job_step::settle);
  check_end(job, job_end::taken_back, true);
}

BOOST_AUTO_TEST_CASE(that_waits_on_the_server_is_taken_back) {
  auto job = stored();
  check(job.cancel(at(0ms), wish::terminate), job_step::tell_hosts | job_step::ask_delivered);
  check(job.delivery_known(at(1ms), 1, false, 0), job_step::remove);
  check(job.message_removed(at(2ms), 1), job_step::ask_delivered);
  check(job.delivery_known(at(3ms), 1, false, 0), job_step::settle);
  check_end(job, job_end::taken_back, true);
}

BOOST_AUTO_TEST_CASE(that_was_handed_out_before_it_was_deleted_waits_for_its_report) {
  auto job = stored();
  job.cancel(at(0ms), wish::terminate);
  job.delivery_known(at(1ms), 1, false, 0);
  job.message_removed(at(2ms), 1);
  check(job.delivery_known(at(3ms), 1, true, 1), job_step::tell_hosts);
  check(job.result(at(1s), told::report, 1, 1, 0), job_step::settle);
  check_end(job, job_end::reported, true);
}

BOOST_AUTO_TEST_CASE(whose_place_the_consumer_has_passed_after_the_deletion_is_taken_back) {
  auto job = stored(3, at(1s));
  job.wake(at(1s));
  check(job.delivery_known(at(1s), 1, false, 7), job_step::remove);
  job.message_removed(at(1s), 1);
  // Nothing has been handed out since.
  check(job.delivery_known(at(1s), 1, true, 7), job_step::settle);
  check_end(job, job_end::not_in_time, true);
  // The server of the first answer may be another one.
  job = stored();
  job.cancel(at(1s), wish::terminate);
  job.delivery_known(at(1s), 1, false, 7);
  job.message_removed(at(1s), 1);
  job.connection_down();
  job.connection_up(at(2s), true, true);
  check(job.delivery_known(at(2s), 1, true, 7), job_step::tell_hosts);
}

BOOST_AUTO_TEST_CASE(is_lost_if_no_host_answers_its_cancellation_for_two_leases) {
  auto job = stored();
  job.cancel(at(0ms), wish::interrupt);
  check(job.delivery_known(at(1ms), 1, true, 1), job_step::tell_hosts);
  check(job.wake(at(4s)), job_step::tell_hosts);
  check(job.cancel(at(5s), wish::terminate), job_step::tell_hosts);
  check(job.result(at(10s), told::held, 1, 1, 0), job_step::none);
  check(job.wake(at(16s)), job_step::tell_hosts);
  check(job.wake(at(26s)), job_step::settle);
  check_end(job, job_end::lost, false);
}

BOOST_AUTO_TEST_CASE(gives_its_hosts_two_leases_from_the_first_wish_or_the_last_answer) {
  auto job = stored();
  job.cancel(at(0ms), wish::interrupt);
  check(job.cancel(at(1s), wish::interrupt), job_step::none);
  job.delivery_known(at(1s), 1, true, 1);
  // They are told again after each half of a lease.
  BOOST_TEST((job.wake_at() == at(4s)));
  check(job.wake(at(4s)), job_step::tell_hosts);
  BOOST_TEST((job.wake_at() == at(8s)));
  check(job.wake(at(8s)), job_step::tell_hosts);
  auto const asked = job;
  check(job.cancel(at(9s), wish::terminate), job_step::tell_hosts);
  check(job.wake(at(15999ms)), job_step::tell_hosts);
  check(job.wake(at(16s)), job_step::settle);
  check_end(job, job_end::lost, false);
  job = asked;
  job.result(at(10s), told::held, 1, 1, 0);
  check(job.wake(at(25999ms)), job_step::tell_hosts);
  check(job.wake(at(26s)), job_step::settle);
}

BOOST_AUTO_TEST_CASE(that_a_host_has_is_not_asked_for_again_at_the_server) {
  // The host had it already when the server was asked.
  auto job = stored();
  job.cancel(at(0ms), wish::interrupt);
  check(job.delivery_known(at(0ms), 1, true, 1), job_step::tell_hosts);
  auto const delivered = job;
  job.result(at(0ms), told::held, 1, 1, 0);
  check(job.cancel(at(0ms), wish::terminate), job_step::tell_hosts);
  job = delivered;
  job.connection_down();
  check(job.connection_up(at(1s), true, true), job_step::tell_hosts);
  // The host was handed it before the message was deleted.
  job = stored();
  job.cancel(at(0ms), wish::interrupt);
  job.delivery_known(at(0ms), 1, false, 0);
  job.message_removed(at(0ms), 1);
  check(job.delivery_known(at(0ms), 1, true, 1), job_step::tell_hosts);
  check(job.cancel(at(0ms), wish::terminate), job_step::tell_hosts);
  // The server has forgotten what it has handed out.
  job = stored();
  job.cancel(at(0ms), wish::interrupt);
  job.delivery_known(at(0ms), 1, false, 0);
  job.connection_down();
  check(job.connection_up(at(0ms), false, true), job_step::tell_hosts | job_step::ask_delivered);
  job.delivery_known(at(0ms), 1, false, 0);
  job.message_removed(at(0ms), 1);
  check(job.delivery_known(at(0ms), 1, false, 0), job_step::tell_hosts);
  job.connection_down();
  check(job.connection_up(at(1s), true, true), job_step::tell_hosts);
  // The message is missing, and a host has the job.
  job = stored();
  job.cancel(at(0ms), wish::interrupt);
  job.stream_replaced(at(0ms));
  job.result(at(0ms), told::held, 1, 1, 0);
  check(job.cancel(at(0ms), wish::terminate), job_step::tell_hosts);
}

BOOST_AUTO_TEST_CASE(is_published_no_more_after_it_was_cancelled) {
  auto job = missing();
  check(job.cancel(at(17s), wish::terminate), job_step::tell_hosts);
  check(job.wake(at(24s)), job_step::tell_hosts);
  job = stored();
  job.cancel(at(0ms), wish::terminate);
  check(job.stream_replaced(at(1s)), job_step::tell_hosts);
  check(job.wake(at(9s)), job_step::tell_hosts);
  check(job.wake(at(16s)), job_step::settle);
}

BOOST_AUTO_TEST_CASE(is_lost_in_time_if_cancelled_while_the_server_is_away) {
  auto job = sent();
  job.connection_down();
  check(job.cancel(at(0ms), wish::terminate), job_step::tell_hosts);
  check(job.wake(at(16s)), job_step::settle);
  check_end(job, job_end::lost, false);
}

BOOST_AUTO_TEST_CASE(cancelled_while_the_server_is_away_is_taken_back_after_that) {
  auto job = stored();
  job.connection_down();
  check(job.cancel(at(0ms), wish::terminate), job_step::tell_hosts);
  // No host could be told.
  check(job.wake(at(4s)), job_step::none);
  check(job.connection_up(at(5s), true, true), job_step::tell_hosts | job_step::ask_delivered);
  // An answer to the publication may still come.
  job = sent();
  job.cancel(at(0ms), wish::terminate);
  job.connection_down();
  check(job.connection_up(at(1s), true, true), job_step::tell_hosts);
}

BOOST_AUTO_TEST_CASE(cancelled_before_the_answer_of_the_server_is_taken_back_after_it) {
  auto job = sent();
  check(job.cancel(at(0ms), wish::terminate), job_step::tell_hosts);
  check(job.stored(at(1s), 1), job_step::ask_delivered);
}

BOOST_AUTO_TEST_CASE(is_certain_no_more_if_the_server_was_started_anew) {
  auto job = stored();
  job.connection_down();
  check(job.connection_up(at(1s), false, true), job_step::none);
  job.cancel(at(1s), wish::terminate);
  job.delivery_known(at(1s), 1, false, 0);
  job.message_removed(at(1s), 1);
  check(job.delivery_known(at(1s), 1, false, 0), job_step::tell_hosts);
  check(job.wake(at(17s)), job_step::settle);
  check_end(job, job_end::lost, false);
}

BOOST_AUTO_TEST_CASE(asks_anew_after_a_connection_has_come_between) {
  auto job = stored();
  job.cancel(at(0ms), wish::terminate);
  check(job.delivery_known(at(1ms), 1, false, 0), job_step::remove);
  job.connection_down();
  check(job.connection_up(at(1s), true, true), job_step::tell_hosts | job_step::ask_delivered);
  check(job.delivery_known(at(2s), 1, false, 0), job_step::remove);
  job.message_removed(at(2s), 1);
  job.connection_down();
  check(job.connection_up(at(3s), true, true), job_step::tell_hosts | job_step::ask_delivered);
  check(job.delivery_known(at(3s), 1, false, 0), job_step::settle);
  check_end(job, job_end::taken_back, true);
}

BOOST_AUTO_TEST_CASE(whose_neighbour_is_taken_back_is_published_again) {
  auto job = stored();
  check(job.message_removed(at(0ms), 1), job_step::ask_delivered);
  check(job.delivery_known(at(0ms), 1, false, 0), job_step::publish);
  BOOST_TEST(job.attempt() == 2U);
  BOOST_TEST(job.lost_before() == 0U);
  // An answer about the first attempt has come too late.
  job.sent();
  check(job.stored(at(0ms), 1), job_step::none);
  check(job.result(at(0ms), told::returned, 1, 1, 0), job_step::none);
  check(job.result(at(0ms), told::report, 1, 1, 0), job_step::settle);
}

BOOST_AUTO_TEST_CASE(whose_neighbour_is_taken_back_goes_on_if_a_host_has_it) {
  auto job = stored();
  job.wake(at(16s));
  job.examined(at(17s), 1, finding::waits);
  check(job.message_removed(at(20s), 1), job_step::ask_delivered);
  check(job.delivery_known(at(20s), 1, true, 1), job_step::none);
  BOOST_TEST((job.wake_at() == at(36s)));
  check(job.wake(at(36s)), job_step::examine);
  // A host tells of it before the answer.
  job = stored();
  job.message_removed(at(0ms), 1);
  job.result(at(0ms), told::held, 1, 1, 0);
  check(job.delivery_known(at(0ms), 1, false, 0), job_step::tell_hosts);
  // The job is cancelled, and a host has had it since before the message was deleted.
  job = stored();
  job.cancel(at(0ms), wish::terminate);
  check(job.delivery_known(at(0ms), 1, true, 5), job_step::tell_hosts);
  check(job.message_removed(at(0ms), 1), job_step::ask_delivered);
  check(job.delivery_known(at(0ms), 1, true, 5), job_step::tell_hosts);
}

BOOST_AUTO_TEST_CASE(forgets_what_was_handed_out_before_its_second_publication) {
  auto job = stored(3, at(1s));
  job.wake(at(1s));
  check(job.delivery_known(at(1s), 1, false, 7), job_step::remove);
  check(job.result(at(1s), told::held, 1, 1, 0), job_step::none);
  check(job.result(at(1s), told::returned, 1, 1, 0), job_step::publish);
  job.sent();
  job.stored(at(1s), 2);
  check(job.message_removed(at(1s), 2), job_step::ask_delivered);
  check(job.delivery_known(at(1s), 2, true, 7), job_step::none);
}

BOOST_AUTO_TEST_CASE(heeds_no_word_about_its_publication_before) {
  auto job = returned();
  job.sent();
  check(job.stored(at(0ms), 1), job_step::none);
  check(job.refused(at(0ms), 1, job_end::too_large), job_step::none);
  check(job.message_removed(at(0ms), 2), job_step::none);
  check(job.result(at(0ms), told::lost, 1, 4, 0), job_step::none);
  // The publication has not been stored, so there is nothing to take back.
  check(job.cancel(at(0ms), wish::terminate), job_step::tell_hosts);
  job = stored_again();
  check(job.refused(at(0ms), 2, job_end::too_large), job_step::none);
  check(job.message_removed(at(0ms), 1), job_step::none);
  check(job.examined(at(0ms), 1, finding::missing), job_step::none);
  check(job.cancel(at(0ms), wish::terminate), job_step::tell_hosts | job_step::ask_delivered);
  check(job.delivery_known(at(0ms), 1, false, 0), job_step::none);
  check(job.delivery_known(at(0ms), 2, false, 0), job_step::remove);
  // A host that has the first message says nothing of the second one.
  job = stored_again();
  check(job.examined(at(0ms), 2, finding::missing), job_step::tell_hosts);
  check(job.result(at(0ms), told::held, 1, 1, 0), job_step::none);
  check(job.wake(at(8s)), job_step::publish);
}

BOOST_AUTO_TEST_CASE(heeds_no_answer_to_what_it_has_not_asked) {
  auto job = stored();
  check(job.delivery_known(at(0ms), 1, false, 0), job_step::none);
  job.message_removed(at(0ms), 1);
  check(job.examined(at(0ms), 1, finding::missing), job_step::none);
  job = missing();
  check(job.message_removed(at(16s), 1), job_step::none);
}

BOOST_AUTO_TEST_CASE(is_withdrawn_if_it_does_not_begin_in_time) {
  auto job = stored(3, at(1s));
  check(job.wake(at(1s)), job_step::tell_hosts | job_step::ask_delivered);
  job.delivery_known(at(1s), 1, false, 0);
  job.message_removed(at(1s), 1);
  check(job.delivery_known(at(1s), 1, false, 0), job_step::settle);
  check_end(job, job_end::not_in_time, true);
}

BOOST_AUTO_TEST_CASE(is_withdrawn_once) {
  auto job = stored(3, at(1s));
  BOOST_TEST((job.wake_at() == at(1s)));
  job.wake(at(1s));
  BOOST_TEST((job.wake_at() == at(5s)));
  job = stored(3, at(1s));
  job.cancel(at(0ms), wish::terminate);
  BOOST_TEST((job.wake_at() == at(4s)));
}

BOOST_AUTO_TEST_CASE(is_not_lost_while_no_host_can_say_that_it_has_begun_in_time) {
  auto job = stored(3, at(1s));
  check(job.wake(at(1s)), job_step::tell_hosts | job_step::ask_delivered);
  job.connection_down();
  check(job.wake(at(17s)), job_step::none);
  check(job.connection_up(at(20s), true, true), job_step::tell_hosts | job_step::ask_delivered);
  check(job.wake(at(35999ms)), job_step::tell_hosts);
  check(job.wake(at(36s)), job_step::settle);
  check_end(job, job_end::lost, false);
  // There is no connection at the time.
  job = stored(3, at(1s));
  job.connection_down();
  check(job.wake(at(1s)), job_step::tell_hosts);
  check(job.wake(at(17s)), job_step::none);
  BOOST_TEST(!job.settled());
}

BOOST_AUTO_TEST_CASE(goes_on_if_it_has_begun_in_time) {
  auto job = stored(3, at(1s));
  job.wake(at(1s));
  job.delivery_known(at(1s), 1, true, 1);
  check(job.result(at(2s), told::held, 1, 1, 0), job_step::none);
  check(job.wake(at(17s)), job_step::none);
  BOOST_TEST(!job.settled());
  BOOST_TEST((job.wished() == wish::none));
}

BOOST_AUTO_TEST_CASE(goes_on_if_it_has_begun_in_time_and_its_message_is_deleted) {
  auto job = stored(3, at(1s));
  job.wake(at(1s));
  job.delivery_known(at(1s), 1, false, 0);
  job.message_removed(at(1s), 1);
  check(job.result(at(1s), told::held, 1, 1, 0), job_step::none);
  // The server has forgotten that it has handed it out.
  check(job.delivery_known(at(1s), 1, false, 0), job_step::tell_hosts);
}

BOOST_AUTO_TEST_CASE(that_is_returned_is_published_again_or_ends_if_it_is_not_wanted) {
  auto job = stored();
  check(job.result(at(0ms), told::returned, 1, 1, 0), job_step::publish);
  BOOST_TEST(job.lost_before() == 0U);
  job = stored();
  job.cancel(at(0ms), wish::terminate);
  check(job.result(at(0ms), told::returned, 1, 1, 0), job_step::settle);
  check_end(job, job_end::taken_back, true);
  job = stored();
  job.cancel(at(0ms), wish::terminate);
  check(job.result(at(0ms), told::returned, 1, 2, 0), job_step::settle);
  check_end(job, job_end::lost, false);
}

BOOST_AUTO_TEST_CASE(that_is_returned_after_several_deliveries_has_lost_hosts) {
  auto job = stored(3);
  check(job.result(at(0ms), told::returned, 1, 2, 0), job_step::publish);
  BOOST_TEST(job.lost_before() == 1U);
  job.sent();
  job.stored(at(0ms), 2);
  check(job.result(at(0ms), told::returned, 2, 2, 0), job_step::publish);
  BOOST_TEST(job.lost_before() == 2U);
  job.sent();
  job.stored(at(0ms), 3);
  check(job.result(at(0ms), told::returned, 3, 2, 0), job_step::settle);
  check_end(job, job_end::lost, false);
  // A host that does not count deliveries.
  job = stored(3);
  check(job.result(at(0ms), told::returned, 1, 0, 0), job_step::publish);
  BOOST_TEST(job.lost_before() == 0U);
  // Leave tells whether another host may have begun it.
  job = stored(1);
  check(job.result(at(0ms), told::returned, 1, 2, 0), job_step::publish);
  BOOST_TEST(job.lost_before() == 0U);
}

BOOST_AUTO_TEST_CASE(ends_as_a_host_says) {
  auto job = stored();
  check(job.result(at(0ms), told::refused, 1, 1, 0), job_step::settle);
  check_end(job, job_end::refused, true);
  job = stored();
  check(job.result(at(0ms), told::lost, 1, 4, 0), job_step::settle);
  check_end(job, job_end::lost, false);
}

BOOST_AUTO_TEST_CASE(that_is_refused_by_a_full_queue_ends_unless_it_had_room_before) {
  auto job = sent();
  check(job.refused(at(0ms), 1, job_end::queue_full), job_step::settle);
  check_end(job, job_end::queue_full, true);
  job = stored();
  job.result(at(0ms), told::returned, 1, 1, 0);
  job.sent();
  check(job.refused(at(0ms), 2, job_end::queue_full), job_step::none);
  BOOST_TEST((job.wake_at() == at(2s)));
  auto waiting = job;
  check(job.wake(at(2s)), job_step::publish);
  BOOST_TEST((job.wake_at() == moment::max()));
  // Nothing is under way meanwhile.
  check(waiting.cancel(at(1s), wish::terminate), job_step::settle);
  check_end(waiting, job_end::taken_back, true);
  job = sent();
  check(job.refused(at(0ms), 1, job_end::too_large), job_step::settle);
  check_end(job, job_end::too_large, true);
}

BOOST_AUTO_TEST_CASE(that_is_refused_after_a_connection_without_an_answer_may_have_been_run) {
  auto job = sent();
  job.connection_down();
  check(job.refused(at(0ms), 1, job_end::queue_full), job_step::none);
  check(job.wake(at(2s)), job_step::publish);
  job = sent();
  job.connection_down();
  check(job.refused(at(0ms), 1, job_end::too_large), job_step::settle);
  check_end(job, job_end::too_large, false);
  job = sent();
  job.connection_down();
  job.cancel(at(0ms), wish::terminate);
  check(job.refused(at(0ms), 1, job_end::too_large), job_step::settle);
  check_end(job, job_end::lost, false);
  // Its first parcel was answered.
  job = stored();
  job.result(at(0ms), told::returned, 1, 1, 0);
  job.sent();
  check(job.refused(at(0ms), 2, job_end::too_large), job_step::settle);
  check_end(job, job_end::too_large, true);
}

BOOST_AUTO_TEST_CASE(
    that_is_refused_may_have_been_run_if_a_server_was_lost_after_it_was_published) {
  for (bool const at_once : {true, false}) {
    check_refused_after_loss(started(), at_once, true);
    check_refused_after_loss(sent(), at_once, false);
    check_refused_after_loss(returned(), at_once, false);
  }
}

BOOST_AUTO_TEST_CASE(that_is_missing_is_published_again_as_one_that_has_lost_a_host) {
  auto job = stored(2);
  check(job.wake(at(16s)), job_step::examine);
  check(job.examined(at(16s), 1, finding::missing), job_step::tell_hosts);
  check(job.wake(at(24s)), job_step::publish);
  BOOST_TEST(job.attempt() == 2U);
  BOOST_TEST(job.lost_before() == 1U);
  job.sent();
  job.stored(at(24s), 2);
  check(job.examined(at(40s), 2, finding::missing), job_step::tell_hosts);
  check(job.wake(at(48s)), job_step::settle);
  check_end(job, job_end::lost, false);
}

BOOST_AUTO_TEST_CASE(that_is_missing_may_have_been_run) {
  auto job = missing();
  check(job.wake(at(24s)), job_step::publish);
  job.sent();
  check(job.refused(at(24s), 2, job_end::too_large), job_step::settle);
  check_end(job, job_end::too_large, false);
}

BOOST_AUTO_TEST_CASE(that_is_missing_waits_for_hosts_that_could_not_be_asked) {
  auto job = missing();
  job.connection_down();
  check(job.wake(at(24s)), job_step::none);
  check(job.connection_up(at(30s), true, true), job_step::tell_hosts);
  check(job.wake(at(37999ms)), job_step::none);
  check(job.wake(at(38s)), job_step::publish);
  // A host has told of it.
  job = missing();
  job.result(at(17s), told::held, 1, 1, 0);
  job.connection_down();
  check(job.connection_up(at(18s), true, true), job_step::none);
}

BOOST_AUTO_TEST_CASE(that_is_missing_and_that_a_host_holds_goes_on) {
  auto job = stored();
  job.wake(at(16s));
  job.examined(at(16s), 1, finding::missing);
  check(job.result(at(17s), told::held, 1, 1, 0), job_step::none);
  check(job.wake(at(24s)), job_step::none);
  check(job.wake(at(33s)), job_step::examine);
}

BOOST_AUTO_TEST_CASE(that_a_host_has_is_examined_again_after_a_lease) {
  auto job = stored();
  check(job.wake(at(16s)), job_step::examine);
  check(job.examined(at(16s), 1, finding::delivered), job_step::none);
  check(job.wake(at(23s)), job_step::none);
  check(job.wake(at(24s)), job_step::examine);
  check(job.examined(at(24s), 1, finding::missing_undelivered), job_step::publish);
  BOOST_TEST(job.lost_before() == 0U);
}

BOOST_AUTO_TEST_CASE(that_no_host_has_had_sleeps_until_that_changes) {
  auto job = stored();
  check(job.wake(at(16s)), job_step::examine);
  // Nothing is asked again while that is under way.
  BOOST_TEST((job.wake_at() == moment::max()));
  check(job.examined(at(17s), 1, finding::waits), job_step::none);
  BOOST_TEST((job.wake_at() == moment::max()));
  check(job.examined(at(100s), 1, finding::delivered), job_step::none);
  BOOST_TEST((job.wake_at() == at(108s)));
  check(job.wake(at(108s)), job_step::examine);
}

BOOST_AUTO_TEST_CASE(that_sleeps_is_examined_again_after_a_connection_has_ended) {
  auto job = stored();
  job.wake(at(16s));
  job.examined(at(16s), 1, finding::waits);
  job.connection_down();
  check(job.connection_up(at(20s), true, true), job_step::none);
  BOOST_TEST((job.wake_at() == at(28s)));
  // So is one whose question was under way.
  check(job.wake(at(28s)), job_step::examine);
  job.connection_down();
  check(job.connection_up(at(29s), true, true), job_step::none);
  check(job.wake(at(37s)), job_step::examine);
}

BOOST_AUTO_TEST_CASE(that_is_to_be_examined_is_so_no_earlier_for_an_end_of_a_connection) {
  auto job = stored();
  job.connection_down();
  job.connection_up(at(1s), true, true);
  BOOST_TEST((job.wake_at() == at(16s)));
  job.connection_down();
  job.connection_up(at(10s), true, true);
  BOOST_TEST((job.wake_at() == at(18s)));
}

BOOST_AUTO_TEST_CASE(that_cannot_be_examined_is_so_later) {
  auto job = stored();
  job.connection_down();
  check(job.wake(at(16s)), job_step::none);
  BOOST_TEST((job.wake_at() == at(24s)));
  // The server is asked something else.
  job = stored();
  job.message_removed(at(1s), 1);
  check(job.wake(at(16s)), job_step::none);
  BOOST_TEST((job.wake_at() == at(24s)));
  // The answer to the publication has not come.
  job = sent();
  job.result(at(0ms), told::held, 1, 1, 0);
  check(job.wake(at(16s)), job_step::none);
  BOOST_TEST((job.wake_at() == at(24s)));
}

BOOST_AUTO_TEST_CASE(that_the_server_may_have_is_published_again_if_no_host_holds_it) {
  auto job = sent();
  check(job.answer_lost(at(0ms), 1), job_step::tell_hosts);
  check(job.wake(at(8s)), job_step::publish);
  BOOST_TEST(job.attempt() == 2U);
  BOOST_TEST(job.lost_before() == 1U);
  job.sent();
  job.stored(at(8s), 2);
  // Both copies may be taken back, and another host may have begun one.
  check(job.result(at(9s), told::returned, 1, 1, 0), job_step::none);
  job.cancel(at(9s), wish::terminate);
  check(job.result(at(9s), told::returned, 2, 1, 0), job_step::settle);
  check_end(job, job_end::lost, false);
}

BOOST_AUTO_TEST_CASE(that_the_server_may_have_waits_for_the_host_that_holds_it) {
  auto job = sent();
  job.answer_lost(at(0ms), 1);
  check(job.result(at(1s), told::held, 1, 1, 0), job_step::none);
  check(job.wake(at(8s)), job_step::none);
  check(job.result(at(9s), told::report, 1, 1, 0), job_step::settle);
  check_end(job, job_end::reported, false);
}

BOOST_AUTO_TEST_CASE(that_the_server_may_have_is_not_told_as_unrun) {
  auto job = sent();
  job.answer_lost(at(0ms), 1);
  check(job.cancel(at(0ms), wish::terminate), job_step::tell_hosts);
  check(job.wake(at(16s)), job_step::settle);
  check_end(job, job_end::lost, false);
  job = sent();
  job.cancel(at(0ms), wish::terminate);
  check(job.answer_lost(at(1s), 1), job_step::tell_hosts);
  check(job.wake(at(16s)), job_step::settle);
  check_end(job, job_end::lost, false);
  // The answer is there already, or is one about an earlier attempt.
  job = stored();
  check(job.answer_lost(at(0ms), 1), job_step::none);
  job = sent();
  check(job.answer_lost(at(0ms), 2), job_step::none);
}

BOOST_AUTO_TEST_CASE(that_may_run_once_lets_one_copy_begin) {
  auto job = sent(1);
  check(job.answer_lost(at(0ms), 1), job_step::publish);
  job.sent();
  // The server has had the first one.
  BOOST_TEST((job.leave_asked(at(1s), 1, 7, 1).what == leave::over));
  BOOST_TEST((job.leave_asked(at(1s), 2, 8, 1).what == leave::yes));
  // A host has it: no other copy is made.
  job = sent(1);
  BOOST_TEST((job.leave_asked(at(0ms), 1, 7, 1).what == leave::yes));
  check(job.answer_lost(at(0ms), 1), job_step::tell_hosts);
  check(job.result(at(1s), told::held, 1, 1, 7), job_step::none);
  check(job.wake(at(8s)), job_step::none);
  check(job.result(at(9s), told::report, 1, 1, 7), job_step::settle);
  check_end(job, job_end::reported, true);
}

BOOST_AUTO_TEST_CASE(of_another_stream_is_missing) {
  auto job = stored();
  job.connection_down();
  check(job.connection_up(at(1s), false, false), job_step::tell_hosts);
  check(job.wake(at(9s)), job_step::publish);
  BOOST_TEST(job.lost_before() == 1U);
}

BOOST_AUTO_TEST_CASE(that_may_run_once_gives_leave_to_one_holder) {
  auto job = stored(1);
  BOOST_TEST((job.leave_asked(at(0ms), 1, 7, 1).what == leave::yes));
  BOOST_TEST((job.leave_asked(at(0ms), 1, 8, 1).what == leave::no));
  BOOST_TEST((job.leave_asked(at(0ms), 1, 7, 1).what == leave::yes));
  BOOST_TEST((job.leave_asked(at(0ms), 2, 9, 1).what == leave::over));
  // The lease of the first one has ended.
  BOOST_TEST((job.leave_asked(at(1s), 1, 8, 2).what == leave::no));
  check(job.wake(at(9s)), job_step::settle);
  check_end(job, job_end::lost, false);
  BOOST_TEST((job.leave_asked(at(9s), 1, 8, 3).what == leave::over));
}

BOOST_AUTO_TEST_CASE(that_may_run_often_gives_leave_to_all) {
  auto job = stored();
  BOOST_TEST((job.leave_asked(at(0ms), 1, 7, 1).what == leave::yes));
  BOOST_TEST((job.leave_asked(at(0ms), 1, 8, 1).what == leave::yes));
}

BOOST_AUTO_TEST_CASE(that_may_run_once_is_lost_a_lease_after_a_second_host_was_handed_it) {
  auto const held = [] {
    auto job = stored(1);
    job.leave_asked(at(0ms), 1, 7, 1);
    return job;
  };
  auto job = held();
  job.leave_asked(at(1s), 1, 8, 1);
  BOOST_TEST((job.wake_at() == at(16s)));
  job.leave_asked(at(1s), 1, 8, 2);
  job.leave_asked(at(5s), 1, 9, 3);
  BOOST_TEST((job.wake_at() == at(9s)));
  // The holder is there after all.
  auto again = job;
  BOOST_TEST((again.leave_asked(at(6s), 1, 7, 1).what == leave::yes));
  check(again.wake(at(9s)), job_step::none);
  again = job;
  again.result(at(6s), told::held, 1, 1, 7);
  check(again.wake(at(9s)), job_step::none);
  // One that waits for leave says so, too.
  again = job;
  again.result(at(6s), told::held, 1, 3, 9);
  check(again.wake(at(9s)), job_step::settle);
  check(job.wake(at(9s)), job_step::settle);
  check_end(job, job_end::lost, false);
  // The message is missing, and the holder asks again.
  job = held();
  check(job.stream_replaced(at(0ms)), job_step::tell_hosts);
  job.leave_asked(at(1s), 1, 7, 1);
  check(job.wake(at(8s)), job_step::none);
  BOOST_TEST(!job.settled());
}

BOOST_AUTO_TEST_CASE(that_may_run_once_ends_at_once_without_a_holder) {
  auto job = stored(1);
  job.connection_down();
  job.connection_up(at(0ms), false, true);
  check(job.cancel(at(0ms), wish::terminate), job_step::settle);
  check_end(job, job_end::taken_back, true);
}

BOOST_AUTO_TEST_CASE(that_may_run_once_is_published_again_without_a_holder_and_else_is_lost) {
  auto job = stored(1);
  check(job.stream_replaced(at(0ms)), job_step::publish);
  BOOST_TEST(job.lost_before() == 0U);
  job.sent();
  job.stored(at(0ms), 2);
  job.leave_asked(at(0ms), 2, 7, 1);
  check(job.stream_replaced(at(0ms)), job_step::tell_hosts);
  check(job.wake(at(8s)), job_step::settle);
  check_end(job, job_end::lost, false);
}

BOOST_AUTO_TEST_CASE(
    that_may_run_once_is_not_published_again_if_the_server_has_forgotten_its_holder) {
  auto job = stored(1, at(1s));
  BOOST_TEST((job.leave_asked(at(0ms), 1, 7, 1).what == leave::yes));
  check(job.wake(at(1s)), job_step::tell_hosts | job_step::ask_delivered);
  check(job.delivery_known(at(1s), 1, false, 0), job_step::remove);
  // A worker has just begun it.
  check(job.result(at(1s), told::held, 1, 1, 7), job_step::none);
  check(job.message_removed(at(1s), 1), job_step::ask_delivered);
  check(job.delivery_known(at(1s), 1, false, 0), job_step::tell_hosts);
  BOOST_TEST(job.attempt() == 1U);
  BOOST_TEST((job.leave_asked(at(2s), 1, 8, 1).what == leave::no));
  check(job.result(at(2s), told::held, 1, 1, 7), job_step::none);
  check(job.result(at(3s), told::report, 1, 1, 7), job_step::settle);
  check_end(job, job_end::reported, true);
  // The holder is gone.
  job = stored(1);
  job.leave_asked(at(0ms), 1, 7, 1);
  check(job.message_removed(at(0ms), 1), job_step::ask_delivered);
  check(job.delivery_known(at(0ms), 1, false, 0), job_step::tell_hosts);
  check(job.wake(at(8s)), job_step::settle);
  check_end(job, job_end::lost, false);
  // An audit finds that the message is gone.
  job = stored(1);
  job.leave_asked(at(0ms), 1, 7, 1);
  check(job.wake(at(16s)), job_step::examine);
  check(job.examined(at(16s), 1, finding::missing_undelivered), job_step::tell_hosts);
}

BOOST_AUTO_TEST_CASE(that_a_host_holds_is_not_published_again_at_once) {
  auto job = stored();
  job.result(at(0ms), told::held, 1, 1, 0);
  check(job.message_removed(at(0ms), 1), job_step::ask_delivered);
  check(job.delivery_known(at(0ms), 1, false, 0), job_step::tell_hosts);
  check(job.wake(at(8s)), job_step::publish);
  BOOST_TEST(job.attempt() == 2U);
  // No host has told of the second try.
  job.sent();
  job.stored(at(8s), 2);
  check(job.message_removed(at(8s), 2), job_step::ask_delivered);
  check(job.delivery_known(at(8s), 2, false, 0), job_step::publish);
}

BOOST_AUTO_TEST_CASE(that_may_run_once_is_returned_by_its_holder_alone) {
  auto job = stored(1);
  job.leave_asked(at(0ms), 1, 7, 1);
  check(job.result(at(0ms), told::returned, 1, 1, 8), job_step::none);
  check(job.result(at(0ms), told::returned, 1, 1, 7), job_step::publish);
  job.sent();
  BOOST_TEST((job.leave_asked(at(0ms), 2, 9, 1).what == leave::yes));
  // The job is not wanted any more.
  job = stored(1);
  job.leave_asked(at(0ms), 1, 7, 1);
  job.cancel(at(0ms), wish::terminate);
  check(job.result(at(0ms), told::returned, 1, 1, 7), job_step::settle);
  check_end(job, job_end::taken_back, true);
}

BOOST_AUTO_TEST_CASE(ends_with_the_farm) {
  auto job = started();
  check(job.stop(), job_step::settle);
  check_end(job, job_end::stopped, true);
  job = stored();
  check(job.stop(), job_step::settle);
  check_end(job, job_end::stopped, false);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace farm_job_test
