// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "logic/run_machine.hpp"

#include <boost/test/unit_test.hpp>

#include <csignal>
#include <string>

namespace run_machine_edges_test {

using isolatte::ending;
using isolatte::ran;
using isolatte::detail::payload_kind;
using isolatte::logic::action;
using isolatte::logic::cancel_kind;
using isolatte::logic::child_stage;
using isolatte::logic::exit_status;
using isolatte::logic::frame_state;
using isolatte::logic::policy;
using isolatte::logic::verdict;
using machine_type = isolatte::logic::run_machine;
using status_kind = exit_status::kind;

constexpr exit_status success{status_kind::exited, 0};
constexpr exit_status segfault{status_kind::dumped, SIGSEGV};
constexpr exit_status killed{status_kind::signaled, SIGKILL};
constexpr policy bare{};
constexpr policy patient{.timeout = true, .grace = true};

machine_type started(const policy& rules = bare) {
  machine_type machine{rules};
  machine.started();
  return machine;
}

/// A machine that takes no more of what a child sends: complete, looking symbols up, having
/// delivered early, and having given up.
machine_type complete() {
  machine_type machine = started();
  machine.frame(frame_state::complete, payload_kind::value);
  machine.reaped(success, child_stage::sent, 0);
  machine.drained();
  return machine;
}
machine_type symbolising() {
  machine_type machine = started();
  machine.frame(frame_state::complete, payload_kind::value);
  // A fault that the child survived.
  machine.reaped(success, child_stage::sent, SIGSEGV);
  machine.drained();
  return machine;
}
machine_type early() {
  machine_type machine = started({.early = true});
  machine.frame(frame_state::complete, payload_kind::value);
  return machine;
}
machine_type given_up() {
  machine_type machine = started();
  machine.frame(frame_state::complete, payload_kind::value);
  machine.cancel(cancel_kind::terminate);
  machine.kill_refused(child_stage::sent);
  return machine;
}

machine_type given_up_after_a_refusal() {
  machine_type machine = started();
  machine.frame(frame_state::malformed, payload_kind::none);
  machine.kill_refused(child_stage::sending);
  return machine;
}

bool same(const verdict& a, const verdict& b) {
  return a.how == b.how && a.ran == b.ran && a.keep_payload == b.keep_payload &&
         a.aborted == b.aborted && a.talk_refused == b.talk_refused &&
         a.setup_failed == b.setup_failed && std::string{a.reason} == b.reason;
}

/// Gives a child that has sent such a frame such an end.
verdict verdict_of(frame_state state, payload_kind kind, const exit_status& status,
                   child_stage stage) {
  machine_type machine = started();
  if (state != frame_state::absent) machine.frame(state, kind);
  machine.reaped(status, stage, 0);
  machine.drained();
  BOOST_TEST(machine.complete());
  return machine.conclude();
}

BOOST_AUTO_TEST_SUITE(run_machine_edges)

BOOST_AUTO_TEST_CASE(frames_and_messages_that_come_too_late_change_nothing) {
  for (auto const make : {&complete, &symbolising, &early, &given_up, &given_up_after_a_refusal})
    for (auto const state : {frame_state::partial, frame_state::complete, frame_state::malformed,
                             frame_state::too_large, frame_state::out_of_memory}) {
      machine_type machine = make();
      verdict const before = machine.conclude();
      BOOST_TEST((machine.frame(state, payload_kind::exception) == action::none));
      BOOST_TEST(same(machine.conclude(), before));
      BOOST_TEST((machine.talk_refused() == action::none));
      BOOST_TEST(same(machine.conclude(), before));
    }
}

BOOST_AUTO_TEST_CASE(symbols_come_once) {
  machine_type machine = symbolising();
  BOOST_TEST(!machine.complete());
  BOOST_TEST((machine.symbolised() == action::complete));
  BOOST_TEST(machine.complete());
  BOOST_TEST((machine.symbolised() == action::none));
}

BOOST_AUTO_TEST_CASE(an_early_delivery_looks_no_symbols_up) {
  machine_type machine = early();
  BOOST_TEST((machine.reaped(segfault, child_stage::sent, SIGSEGV) == action::drain));
  BOOST_TEST((machine.drained() == action::complete));
}

BOOST_AUTO_TEST_CASE(a_run_that_was_given_up_looks_no_symbols_up) {
  machine_type machine = given_up();
  BOOST_TEST((machine.reaped(segfault, child_stage::sent, SIGSEGV) == action::drain));
  BOOST_TEST((machine.drained() == action::complete));
}

// A SIGKILL that the system refuses

BOOST_AUTO_TEST_CASE(only_a_child_that_is_being_killed_is_given_up) {
  machine_type idle{bare};
  BOOST_TEST((idle.kill_refused(child_stage::running) == action::none));
  BOOST_TEST(!idle.given_up());
  for (auto const make : {&complete, &symbolising, &early}) {
    machine_type machine = make();
    BOOST_TEST((machine.kill_refused(child_stage::running) == action::none));
    BOOST_TEST(!machine.given_up());
  }
  machine_type running = started(patient);
  BOOST_TEST((running.kill_refused(child_stage::running) == action::none));
  running.cancel(cancel_kind::request_exit);
  BOOST_TEST((running.kill_refused(child_stage::running) == action::none));
  BOOST_TEST(!running.given_up());
}

BOOST_AUTO_TEST_CASE(a_child_is_given_up_once) {
  machine_type machine = given_up();
  BOOST_TEST(machine.given_up());
  BOOST_TEST((machine.kill_refused(child_stage::setup) == action::none));
  BOOST_TEST((machine.conclude().ran == ran::yes));
}

BOOST_AUTO_TEST_CASE(a_child_that_was_given_up_says_for_what_it_was_to_be_killed) {
  for (bool const has_result : {false, true}) {
    for (bool const by_timeout : {false, true}) {
      machine_type machine = started({.timeout = true});
      if (has_result) machine.frame(frame_state::complete, payload_kind::value);
      if (by_timeout)
        machine.deadline();
      else
        machine.cancel(cancel_kind::terminate);
      BOOST_TEST((machine.kill_refused(child_stage::running) == action::deliver_early));
      verdict const v = machine.conclude();
      BOOST_TEST(v.how == (by_timeout ? ending::timed_out : ending::cancelled));
      BOOST_TEST(v.keep_payload == has_result);
      BOOST_TEST(v.ran == ran::yes);
      BOOST_TEST(v.reason == std::string{"the child may not be killed"});
    }
  }
  machine_type refused = started();
  refused.frame(frame_state::malformed, payload_kind::none);
  refused.kill_refused(child_stage::sending);
  BOOST_TEST(refused.conclude().how == ending::undelivered);
  BOOST_TEST(refused.conclude().reason == std::string{"the result frame is malformed"});
}

BOOST_AUTO_TEST_CASE(a_child_that_was_given_up_before_it_began_did_not_run) {
  machine_type machine = started();
  machine.cancel(cancel_kind::terminate);
  machine.kill_refused(child_stage::setup);
  BOOST_TEST(machine.conclude().ran == ran::no);
}

// Verdicts

BOOST_AUTO_TEST_CASE(each_stage_tells_whether_the_callable_ran) {
  struct {
    child_stage stage;
    ran expected;
  } const cases[] = {{child_stage::setup, ran::no},    {child_stage::setup_failed, ran::no},
                     {child_stage::running, ran::yes}, {child_stage::finished, ran::yes},
                     {child_stage::sending, ran::yes}, {child_stage::sent, ran::yes},
                     {child_stage::unsent, ran::yes},  {child_stage::left, ran::yes}};
  for (auto const& [stage, expected] : cases)
    for (auto const& status : {success, segfault, killed})
      BOOST_TEST(verdict_of(frame_state::absent, payload_kind::none, status, stage).ran ==
                 expected);
}

BOOST_AUTO_TEST_CASE(each_cause_of_a_missing_result_has_its_words) {
  struct {
    frame_state state;
    payload_kind kind;
    int code;
    child_stage stage;
    const char* reason;
  } const cases[] = {
      {frame_state::malformed, payload_kind::none, 0, child_stage::sent,
       "the result frame is malformed"},
      {frame_state::too_large, payload_kind::none, 0, child_stage::sent,
       "the result is larger than options::max_result"},
      {frame_state::out_of_memory, payload_kind::none, 0, child_stage::sent,
       "no memory for the result"},
      {frame_state::partial, payload_kind::value, 0, child_stage::finished,
       "the result frame is truncated"},
      {frame_state::absent, payload_kind::none, 0, child_stage::finished,
       "the child ended before it had saved its result"},
      {frame_state::absent, payload_kind::none, 0, child_stage::unsent,
       "the child could not write its result"},
      {frame_state::absent, payload_kind::none, 0, child_stage::sent,
       "the result could not be read"},
      {frame_state::complete, payload_kind::unencodable, 1, child_stage::sent,
       "the result could not be serialised"},
      {frame_state::complete, payload_kind::unencodable, 1, child_stage::setup,
       "the arguments could not be received"},
  };
  for (auto const& each : cases) {
    verdict const v =
        verdict_of(each.state, each.kind, {status_kind::exited, each.code}, each.stage);
    BOOST_TEST(v.how == ending::undelivered);
    BOOST_TEST(v.reason == std::string{each.reason});
  }
}

BOOST_AUTO_TEST_CASE(an_exit_by_another_thread_is_an_exit_however_much_has_been_sent) {
  for (auto const stage : {child_stage::sending, child_stage::left})
    for (auto const state : {frame_state::absent, frame_state::partial}) {
      verdict const v = verdict_of(state, payload_kind::value, success, stage);
      BOOST_TEST(v.how == ending::exited);
      BOOST_TEST(v.reason == std::string{});
    }
}

// A grace that comes later

BOOST_AUTO_TEST_CASE(a_grace_that_is_allowed_later_counts) {
  machine_type machine = started();
  machine.allow_grace(true);
  BOOST_TEST(
      (machine.cancel(cancel_kind::request_exit) == (action::request_exit | action::arm_grace)));
  BOOST_TEST((machine.grace_over() == action::kill));
  BOOST_TEST((machine.grace_over() == action::none));
}

BOOST_AUTO_TEST_CASE(a_grace_that_is_taken_back_does_not_count) {
  machine_type machine = started(patient);
  machine.allow_grace(false);
  BOOST_TEST((machine.cancel(cancel_kind::request_exit) == (action::request_exit | action::kill)));
  BOOST_TEST((machine.grace_over() == action::none));
}

BOOST_AUTO_TEST_CASE(a_callable_that_was_to_be_asked_is_killed_if_its_grace_is_taken_back) {
  machine_type machine = started({.timeout = true, .grace = true, .asks_callable = true});
  BOOST_TEST(
      (machine.cancel(cancel_kind::request_exit) == (action::ask_callable | action::arm_grace)));
  machine.allow_grace(false);
  BOOST_TEST((machine.cancel(cancel_kind::request_exit) == action::kill));
  machine.reaped(killed, child_stage::running, 0);
  machine.drained();
  BOOST_TEST(machine.conclude().how == ending::cancelled);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace run_machine_edges_test
