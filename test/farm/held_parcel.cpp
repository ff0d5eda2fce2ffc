// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "nats/logic/held_parcel.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace held_parcel_test {

namespace logic = isolatte::nats::logic;
using logic::held_step;
using logic::leave;
using logic::moment;
using logic::parcel_step;
using logic::told;
using logic::wish;
using namespace std::chrono_literals;

moment at(std::chrono::milliseconds time) { return moment{} + time; }

void check(parcel_step got, parcel_step expected) {
  BOOST_TEST(static_cast<unsigned>(got) == static_cast<unsigned>(expected));
}
void check(held_step got, held_step expected) {
  BOOST_TEST(static_cast<unsigned>(got) == static_cast<unsigned>(expected));
}

/// A parcel with leases of 8 s that has been opened, and whose jobs have been given.
logic::held_parcel opened(std::size_t jobs, std::uint32_t deliveries = 1) {
  std::vector<logic::held_terms> const terms(jobs, {.max_hosts = 3});
  logic::held_parcel made{{.lease = 8s}, at(0ms), deliveries, false, terms};
  check(made.open(at(0ms)), parcel_step::look);
  for (std::size_t i = 0; i != jobs; ++i) check(made.take(i), held_step::give);
  return made;
}

logic::held_parcel asking() {
  std::vector<logic::held_terms> const terms{{.max_hosts = 1, .holder = 7}};
  logic::held_parcel made{{.lease = 8s}, at(0ms), 1, false, terms};
  check(made.open(at(0ms)), parcel_step::look);
  check(made.take(0), held_step::ask_leave);
  return made;
}

/// Nothing comes from a parcel that is over.
void check_over(logic::held_parcel it) {
  BOOST_TEST((it.wake_at() == moment::max()));
  BOOST_TEST(!it.awaits_acknowledgement());
  check(it.wake(at(100s)), parcel_step::none);
  check(it.reported(at(100s), 0), parcel_step::none);
  check(it.acknowledged(at(100s)), parcel_step::none);
  check(it.connection_up(at(100s), true), parcel_step::none);
}

BOOST_AUTO_TEST_SUITE(held_parcel)

BOOST_AUTO_TEST_CASE(is_acknowledged_when_its_results_are_stored) {
  auto it = opened(2);
  check(it.reported(at(0ms), 0), parcel_step::none);
  check(it.reported(at(1ms), 1), parcel_step::publish);
  auto const batch = it.begin_batch();
  BOOST_TEST(it.is_in_batch(0, batch));
  BOOST_TEST(it.is_in_batch(1, batch));
  check(it.published(at(2ms), batch), parcel_step::acknowledge);
  BOOST_TEST(it.awaits_acknowledgement());
  check(it.acknowledged(at(2ms)), parcel_step::drop);
  check_over(it);
}

BOOST_AUTO_TEST_CASE(numbers_its_batches_from_1) {
  auto it = opened(2);
  BOOST_TEST(it.last_batch() == 0U);
  it.reported(at(0ms), 0);
  BOOST_TEST(it.begin_batch() == 1U);
  it.reported(at(0ms), 1);
  BOOST_TEST(it.begin_batch() == 2U);
  BOOST_TEST(it.last_batch() == 2U);
}

BOOST_AUTO_TEST_CASE(publishes_what_it_has_after_a_while) {
  auto it = opened(2);
  it.reported(at(10ms), 0);
  BOOST_TEST((it.wake_at() == at(26ms)));
  check(it.wake(at(26ms)), parcel_step::publish);
  auto const batch = it.begin_batch();
  BOOST_TEST(!it.is_in_batch(1, batch));
  check(it.published(at(27ms), batch), parcel_step::none);
  check(it.reported(at(28ms), 1), parcel_step::publish);
  check(it.published(at(28ms), it.begin_batch()), parcel_step::acknowledge);
}

BOOST_AUTO_TEST_CASE(lets_the_results_after_a_batch_gather_as_long) {
  auto it = opened(3);
  it.reported(at(10ms), 0);
  check(it.wake(at(26ms)), parcel_step::publish);
  it.begin_batch();
  check(it.reported(at(27ms), 1), parcel_step::none);
  BOOST_TEST((it.wake_at() == at(43ms)));
}

BOOST_AUTO_TEST_CASE(that_comes_again_has_its_lease_renewed_and_its_acknowledgement_repeated) {
  auto it = opened(1);
  check(it.delivered_again(at(5s), at(5s), 2), parcel_step::none);
  BOOST_TEST((it.wake_at() == at(11s)));
  it.reported(at(6s), 0);
  check(it.published(at(6s), it.begin_batch()), parcel_step::acknowledge);
  check(it.delivered_again(at(7s), at(7s), 3), parcel_step::acknowledge);
  BOOST_TEST(it.deliveries() == 3U);
}

BOOST_AUTO_TEST_CASE(that_was_handed_out_too_often_is_lost) {
  std::vector<logic::held_terms> const terms{{.max_hosts = 3, .lost_before = 1}};
  for (std::uint32_t const deliveries : {2u, 3u}) {
    logic::held_parcel it{{}, at(0ms), deliveries, false, terms};
    check(it.open(at(0ms)), deliveries == 2 ? parcel_step::look : parcel_step::publish);
    if (deliveries == 3) BOOST_TEST((it.job(0).result() == told::lost));
  }
  std::vector<logic::held_terms> const many{{.max_hosts = 3, .lost_before = 0xffff'ffff}};
  logic::held_parcel it{{}, at(0ms), 1, false, many};
  check(it.open(at(0ms)), parcel_step::publish);
  BOOST_TEST((it.job(0).result() == told::lost));
}

BOOST_AUTO_TEST_CASE(of_several_jobs_that_comes_a_second_time_is_given_back) {
  std::vector<logic::held_terms> const terms(2, {.max_hosts = 3});
  logic::held_parcel it{{}, at(0ms), 2, false, terms};
  check(it.open(at(0ms)), parcel_step::acknowledge);
  for (std::size_t i = 0; i != 2; ++i) {
    check(it.take(i), held_step::none);
    BOOST_TEST((it.job(i).result() == told::returned));
  }
  // A single one is begun.
  logic::held_parcel single{{}, at(0ms), 2, false, std::span{terms}.first(1)};
  check(single.open(at(0ms)), parcel_step::look);
  check(single.take(0), held_step::give);
}

BOOST_AUTO_TEST_CASE(that_is_not_sound_is_refused) {
  std::vector<logic::held_terms> const terms{{.max_hosts = 1, .is_sound = false}};
  logic::held_parcel it{{}, at(0ms), 1, false, terms};
  check(it.open(at(0ms)), parcel_step::publish);
  BOOST_TEST((it.job(0).result() == told::refused));
}

BOOST_AUTO_TEST_CASE(is_fenced_at_three_quarters_of_the_lease_that_was_proved) {
  auto it = opened(2);
  it.reported(at(0ms), 0);
  it.connection_down();
  it.renewed(at(2s));
  it.renewed(at(1s));
  BOOST_TEST((it.wake_at() == at(8s)));
  check(it.wake(at(8s)), parcel_step::look);
  check(it.take(0), held_step::none);
  check(it.take(1), held_step::terminate);
  BOOST_TEST(it.is_over_here());
  check(it.reported(at(8s), 1), parcel_step::none);
  // The result that there is arrives, and the server hands the message on.
  check(it.connection_up(at(9s), true), parcel_step::publish);
  check(it.published(at(9s), it.begin_batch()), parcel_step::drop);
}

BOOST_AUTO_TEST_CASE(publishes_again_what_had_no_answer) {
  auto it = opened(1);
  it.reported(at(0ms), 0);
  auto const batch = it.begin_batch();
  it.connection_down();
  check(it.connection_up(at(1s), true), parcel_step::publish_again);
  check(it.published(at(1s), batch), parcel_step::acknowledge);
  it.connection_down();
  check(it.acknowledged(at(1s)), parcel_step::none);
  check(it.connection_up(at(2s), true), parcel_step::acknowledge);
}

BOOST_AUTO_TEST_CASE(of_another_stream_is_not_acknowledged) {
  auto it = opened(1);
  it.connection_down();
  it.connection_up(at(1s), false);
  check(it.reported(at(2s), 0), parcel_step::publish);
  check(it.published(at(2s), it.begin_batch()), parcel_step::drop);
}

BOOST_AUTO_TEST_CASE(does_what_the_farm_wishes) {
  auto it = opened(1);
  it.requested(at(0ms), 0, wish::none);
  check(it.take(0), held_step::say_held);
  it.requested(at(0ms), 0, wish::withdraw);
  check(it.take(0), held_step::take_back);
  // The farm asks again, and to be held would mean to have begun.
  it.requested(at(0ms), 0, wish::withdraw);
  check(it.take(0), held_step::take_back);
  it.begun(at(0ms), 0);
  check(it.take(0), held_step::say_held);
  it.requested(at(0ms), 0, wish::interrupt);
  check(it.take(0), held_step::say_held | held_step::interrupt);
  it.requested(at(0ms), 0, wish::interrupt);
  check(it.take(0), held_step::say_held);
  it.requested(at(0ms), 0, wish::withdraw);
  check(it.take(0), held_step::say_held);
  it.requested(at(0ms), 0, wish::terminate);
  check(it.take(0), held_step::say_held | held_step::terminate);
  it.reported(at(0ms), 0);
  check(it.requested(at(0ms), 0, wish::terminate), parcel_step::publish);
  check(it.take(0), held_step::none);
}

BOOST_AUTO_TEST_CASE(says_that_a_job_is_held_that_waits_for_leave_or_gives_it_back) {
  auto it = asking();
  check(it.requested(at(0ms), 0, wish::none), parcel_step::look);
  check(it.take(0), held_step::say_held);
  BOOST_TEST(it.job(0).is_asking());
  check(it.requested(at(0ms), 0, wish::withdraw), parcel_step::acknowledge);
  BOOST_TEST((it.job(0).result() == told::returned));
}

BOOST_AUTO_TEST_CASE(takes_the_first_end_of_a_job) {
  auto it = opened(2);
  it.reported(at(0ms), 0);
  it.failed(at(0ms), 0);
  BOOST_TEST(it.job(0).is_ready());
  it.unbegun(at(0ms), 0);
  BOOST_TEST((it.job(0).result() == told::report));
}

BOOST_AUTO_TEST_CASE(returns_what_no_worker_has_begun_when_it_drains) {
  auto it = opened(2);
  check(it.drain(at(0ms)), parcel_step::look);
  check(it.take(0), held_step::take_back);
  check(it.take(1), held_step::take_back);
  it.unbegun(at(0ms), 0);
  it.begun(at(0ms), 1);
  BOOST_TEST((it.job(0).result() == told::returned));
  check(it.take(1), held_step::none);
  BOOST_TEST(it.working() == 1U);
  check(it.reported(at(1s), 1), parcel_step::publish);
  // There is nothing to take back from the pool, or it has been done.
  it = opened(4);
  it.reported(at(0ms), 0);
  for (std::size_t const job : {1, 2}) {
    it.requested(at(0ms), job, wish::withdraw);
    check(it.take(job), held_step::take_back);
  }
  it.begun(at(0ms), 2);
  check(it.take(2), held_step::say_held);
  it.requested(at(0ms), 3, wish::interrupt);
  check(it.take(3), held_step::say_held | held_step::interrupt);
  it.drain(at(0ms));
  check(it.take(0), held_step::none);
  check(it.take(1), held_step::none);
  check(it.take(2), held_step::take_back);
  check(it.take(3), held_step::none);
  it = asking();
  check(it.drain(at(0ms)), parcel_step::acknowledge);
  BOOST_TEST((it.job(0).result() == told::returned));
}

BOOST_AUTO_TEST_CASE(that_comes_to_a_host_that_drains_is_returned_unbegun) {
  for (std::uint32_t const max_hosts : {1u, 3u}) {
    std::vector<logic::held_terms> const terms(2, {.max_hosts = max_hosts, .holder = 7});
    logic::held_parcel it{{.lease = 8s}, at(0ms), 1, true, terms};
    check(it.open(at(0ms)), parcel_step::acknowledge);
    check(it.take(0), held_step::none);
    check(it.acknowledged(at(1ms)), parcel_step::publish);
    auto const batch = it.begin_batch();
    BOOST_TEST((it.job(1).result() == told::returned));
    check(it.published(at(2ms), batch), parcel_step::drop);
  }
}

BOOST_AUTO_TEST_CASE(whose_lease_has_run_long_when_it_comes_is_fenced_in_time) {
  std::vector<logic::held_terms> const terms(1, {.max_hosts = 3});
  logic::held_parcel it{{.lease = 8s}, at(0ms), 1, false, terms};
  check(it.open(at(5s)), parcel_step::look);
  BOOST_TEST((it.wake_at() == at(6s)));
  // A second copy of the message that was on its way, too.
  check(it.delivered_again(at(5s), at(1s), 2), parcel_step::none);
  BOOST_TEST((it.wake_at() == at(7s)));
  check(it.delivered_again(at(5s), at(0s), 2), parcel_step::none);
  BOOST_TEST((it.wake_at() == at(7s)));
}

BOOST_AUTO_TEST_CASE(whose_results_wait_for_the_server_wakes_nobody_after_its_lease) {
  auto it = opened(2);
  it.drain(at(0ms));
  it.take(0);
  it.take(1);
  it.begun(at(0ms), 0);
  check(it.reported(at(1ms), 0), parcel_step::none);
  check(it.wake(at(17ms)), parcel_step::publish);
  auto const batch = it.begin_batch();
  it.connection_down();
  check(it.unbegun(at(18ms), 1), parcel_step::none);
  BOOST_TEST((it.wake_at() == at(6s)));
  check(it.wake(at(6s)), parcel_step::none);
  BOOST_TEST((it.wake_at() == moment::max()));
  check(it.connection_up(at(7s), true), parcel_step::publish_again);
  check(it.published(at(7s), batch), parcel_step::drop);
}

BOOST_AUTO_TEST_CASE(gives_a_job_back_when_no_other_host_can_be_handed_it) {
  auto it = opened(1);
  it.requested(at(0ms), 0, wish::withdraw);
  check(it.take(0), held_step::take_back);
  check(it.unbegun(at(0ms), 0), parcel_step::acknowledge);
  BOOST_TEST((it.wake_at() == at(6s)));
  check(it.acknowledged(at(1s)), parcel_step::publish);
  BOOST_TEST(!it.awaits_acknowledgement());
  check(it.acknowledged(at(1s)), parcel_step::none);
  // No other host has it after its lease either.
  check(it.wake(at(6s)), parcel_step::publish);
  BOOST_TEST(!it.is_over_here());
  check(it.published(at(6s), it.begin_batch()), parcel_step::drop);
}

BOOST_AUTO_TEST_CASE(gathers_nothing_while_it_waits_for_the_acknowledgement) {
  auto it = opened(2);
  it.drain(at(0ms));
  it.unbegun(at(0ms), 0);
  BOOST_TEST((it.wake_at() == at(16ms)));
  check(it.unbegun(at(1ms), 1), parcel_step::acknowledge);
  BOOST_TEST((it.wake_at() == at(6s)));
}

BOOST_AUTO_TEST_CASE(whose_results_wait_for_longer_than_its_lease_is_acknowledged) {
  auto it = opened(1);
  it.connection_down();
  it.reported(at(1s), 0);
  check(it.wake(at(6s)), parcel_step::none);
  BOOST_TEST(!it.is_over_here());
  check(it.connection_up(at(7s), true), parcel_step::publish);
  check(it.published(at(7s), it.begin_batch()), parcel_step::acknowledge);
}

BOOST_AUTO_TEST_CASE(gives_no_job_back_that_another_host_may_have_by_then) {
  auto it = opened(1);
  it.drain(at(0ms));
  it.take(0);
  it.connection_down();
  check(it.unbegun(at(0ms), 0), parcel_step::none);
  check(it.wake(at(6s)), parcel_step::drop);
  it = opened(1);
  it.drain(at(0ms));
  it.take(0);
  check(it.unbegun(at(0ms), 0), parcel_step::acknowledge);
  check(it.acknowledged(at(6s)), parcel_step::drop);
  // A stream that is gone hands nothing out.
  it = opened(1);
  it.drain(at(0ms));
  it.take(0);
  it.connection_down();
  it.unbegun(at(0ms), 0);
  check(it.connection_up(at(1s), false), parcel_step::publish);
}

BOOST_AUTO_TEST_CASE(tells_the_ends_of_other_jobs_before_it_gives_one_back) {
  auto it = opened(2);
  it.drain(at(0ms));
  it.take(0);
  it.unbegun(at(0ms), 0);
  it.begun(at(0ms), 1);
  check(it.reported(at(1ms), 1), parcel_step::publish);
  auto const first = it.begin_batch();
  BOOST_TEST(!it.is_in_batch(0, first));
  BOOST_TEST(it.is_in_batch(1, first));
  check(it.published(at(1ms), first), parcel_step::acknowledge);
  check(it.acknowledged(at(1ms)), parcel_step::publish);
  // Comes again: the server has forgotten the acknowledgement.
  auto const second = it.begin_batch();
  BOOST_TEST(it.is_in_batch(0, second));
  check(it.delivered_again(at(2ms), at(2ms), 2), parcel_step::none);
  check(it.published(at(2ms), second), parcel_step::acknowledge);
  check(it.acknowledged(at(2ms)), parcel_step::drop);
}

BOOST_AUTO_TEST_CASE(that_the_host_cannot_run_is_left_to_another_one) {
  auto it = opened(1);
  check(it.failed(at(0ms), 0), parcel_step::drop);
  BOOST_TEST(it.is_over_here());
  check_over(it);
}

BOOST_AUTO_TEST_CASE(gives_a_job_that_may_run_once_only_with_leave) {
  auto it = asking();
  BOOST_TEST(it.job(0).holder() == 7U);
  BOOST_TEST((it.wake_at() == at(2s)));
  check(it.wake(at(1999ms)), parcel_step::none);
  check(it.wake(at(2s)), parcel_step::look);
  check(it.take(0), held_step::ask_leave);
  BOOST_TEST((it.wake_at() == at(4s)));
  // No question reaches the farm while there is no connection.
  it.connection_down();
  check(it.wake(at(4s)), parcel_step::none);
  check(it.connection_up(at(5s), true), parcel_step::look);
  check(it.take(0), held_step::ask_leave);
  check(it.leave_told(at(2s), 0, leave::yes), parcel_step::look);
  check(it.take(0), held_step::give);
  check(it.leave_told(at(2s), 0, leave::no), parcel_step::none);
  it = asking();
  check(it.leave_told(at(0ms), 0, leave::no), parcel_step::drop);
  it = asking();
  check(it.leave_told(at(0ms), 0, leave::over), parcel_step::acknowledge);
  it = asking();
  check(it.wake(at(6s)), parcel_step::drop);
}

BOOST_AUTO_TEST_CASE(for_which_no_farm_has_given_leave_to_ten_hosts_is_acknowledged) {
  for (std::uint32_t const deliveries : {9u, 10u}) {
    auto it = asking();
    it.delivered_again(at(0ms), at(0ms), deliveries);
    check(it.wake(at(6s)), deliveries == 10 ? parcel_step::acknowledge : parcel_step::drop);
  }
  // The answer may have been lost with the connection.
  auto it = asking();
  it.delivered_again(at(0ms), at(0ms), 10);
  it.connection_down();
  check(it.wake(at(6s)), parcel_step::drop);
}

BOOST_AUTO_TEST_CASE(does_not_count_as_work_while_the_farm_does_not_answer) {
  auto it = asking();
  BOOST_TEST(it.unfinished() == 1U);
  it.leave_not_told();
  BOOST_TEST(it.unfinished() == 0U);
  it.leave_told(at(2s), 0, leave::yes);
  BOOST_TEST(it.unfinished() == 1U);
  // One of two jobs is told of.
  std::vector<logic::held_terms> const terms(2, {.max_hosts = 1, .holder = 7});
  it = logic::held_parcel{{.lease = 8s}, at(0ms), 1, false, terms};
  it.open(at(0ms));
  it.leave_not_told();
  BOOST_TEST(it.unfinished() == 0U);
  it.leave_told(at(0ms), 0, leave::over);
  BOOST_TEST(it.unfinished() == 1U);
}

BOOST_AUTO_TEST_CASE(of_a_submitter_that_is_gone_is_ended_and_acknowledged) {
  auto it = opened(2);
  it.reported(at(0ms), 0);
  check(it.forget(at(0ms)), parcel_step::look | parcel_step::acknowledge);
  check(it.take(0), held_step::none);
  check(it.take(1), held_step::terminate);
}

BOOST_AUTO_TEST_CASE(whose_host_ends_tells_what_is_done_and_goes_to_others) {
  auto it = opened(2);
  check(it.reported(at(0ms), 0), parcel_step::none);
  check(it.end(at(1ms)), parcel_step::look | parcel_step::publish);
  BOOST_TEST((it.take(1) == held_step::terminate));
  auto const batch = it.begin_batch();
  BOOST_TEST(it.is_in_batch(0, batch));
  BOOST_TEST(!it.is_in_batch(1, batch));
  // No farm is told how the killed job has ended.
  check(it.reported(at(2ms), 1), parcel_step::none);
  check(it.published(at(3ms), batch), parcel_step::drop);
}

BOOST_AUTO_TEST_CASE(that_is_done_when_its_host_ends_is_acknowledged) {
  auto it = opened(1);
  check(it.reported(at(0ms), 0), parcel_step::publish);
  auto const batch = it.begin_batch();
  check(it.end(at(1ms)), parcel_step::none);
  check(it.published(at(2ms), batch), parcel_step::acknowledge);
  check(it.end(at(3ms)), parcel_step::none);
  check(it.acknowledged(at(4ms)), parcel_step::drop);
}

BOOST_AUTO_TEST_CASE(that_waits_for_leave_when_its_host_ends_goes_to_others) {
  auto it = asking();
  check(it.end(at(1ms)), parcel_step::drop);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace held_parcel_test
