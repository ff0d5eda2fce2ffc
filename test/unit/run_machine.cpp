// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "logic/run_machine.hpp"

#include "run_world.hpp"
#include "vocabulary/signals.hpp"

#include <boost/test/unit_test.hpp>

#include <csignal>
#include <cstddef>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>

namespace run_machine_test {

using namespace run_world;

// Hand-written cases: words for events, the ending that the contract wants.

const std::map<std::string_view, event> words{
    {"partial", framed(frame_state::partial)},
    {"value", framed(frame_state::complete, payload_kind::value)},
    {"exception", framed(frame_state::complete, payload_kind::exception)},
    {"unencodable", framed(frame_state::complete, payload_kind::unencodable)},
    {"malformed", framed(frame_state::malformed)},
    {"too_large", framed(frame_state::too_large)},
    {"no_memory", framed(frame_state::out_of_memory)},
    {"deadline", plain(event::what::deadline)},
    {"grace_over", plain(event::what::grace_over)},
    {"total", cancelled(cancel_kind::interrupt)},
    {"partial_cancel", cancelled(cancel_kind::request_exit)},
    {"terminal", cancelled(cancel_kind::terminate)},
    {"owner_kills", plain(event::what::owner_kills)},
    {"talk_refused", plain(event::what::talk_refused)},
    {"drained", plain(event::what::drained)},
    {"symbolised", plain(event::what::symbolised)},
};

/// "exit7", "SIGKILL", "core:SIGABRT" or "lost", then "@stage" unless it is running, then "+fault".
event parse_end(std::string word) {
  if (auto const plus = word.find("+fault"); plus != std::string::npos) {
    event faulted = parse_end(word.erase(plus));
    faulted.fault = fault_of(faulted.status);
    return faulted;
  }
  event e = plain(event::what::reaped);
  if (auto const at = word.find('@'); at != std::string::npos) {
    static std::map<std::string, child_stage> const stages{
        {"setup", child_stage::setup},       {"setup_failed", child_stage::setup_failed},
        {"finished", child_stage::finished}, {"sending", child_stage::sending},
        {"sent", child_stage::sent},         {"unsent", child_stage::unsent},
        {"left", child_stage::left}};
    e.stage = stages.at(word.substr(at + 1));
    word.erase(at);
  }
  if (word == "lost") {
    e.status = {status_kind::lost, 0};
    return e;
  }
  if (word.starts_with("exit")) {
    e.status = {status_kind::exited, std::stoi(word.substr(4))};
    return e;
  }
  e.status.how = word.starts_with("core:") ? status_kind::dumped : status_kind::signaled;
  if (word.starts_with("core:")) word.erase(0, 5);
  for (int signal = 1; signal <= SIGRTMAX; ++signal)
    if (isolatte::detail::signal_name(signal) == word) {
      e.status.number = signal;
      return e;
    }
  throw std::logic_error{"no such word: " + word};
}

event parse(const std::string& word) {
  auto const known = words.find(word);
  return known != words.end() ? known->second : parse_end(word);
}

constexpr policy bare{};
constexpr policy timed{.timeout = true};
constexpr policy asked{.timeout = true, .grace = true, .asks_callable = true};
constexpr policy asked_in_vain{.asks_callable = true};
constexpr policy patient{.timeout = true, .grace = true};
constexpr policy hasty{.early = true};
constexpr policy hasty_and_patient{.timeout = true, .grace = true, .early = true};

enum extra : unsigned { plainly = 0, payload = 1, aborted = 2, setup_failed = 4 };

struct named_case {
  const char* name;
  policy rules;
  const char* events;
  ending how;
  ran whether;
  unsigned also = plainly;
};

constexpr named_case named_cases[] = {
    // Endings of its own.
    {"it returns", bare, "value exit0@finished", ending::returned, ran::yes, payload},
    {"the frame comes behind the exit", bare, "exit0@finished value", ending::returned, ran::yes,
     payload},
    {"half before, half behind the exit", bare, "partial exit0@finished value", ending::returned,
     ran::yes, payload},
    {"it throws", bare, "exception exit1@finished", ending::threw, ran::yes, payload},
    {"it throws, the frame behind the exit", bare, "exit1@finished exception", ending::threw,
     ran::yes, payload},
    {"its value cannot be serialised", bare, "unencodable exit1@finished", ending::undelivered,
     ran::yes, payload},
    {"it exits with 0", bare, "exit0", ending::exited, ran::yes},
    {"it exits with 1", bare, "exit1", ending::exited, ran::yes},
    {"it exits with 7", bare, "exit7", ending::exited, ran::yes},
    {"it exits with 255", bare, "exit255", ending::exited, ran::yes},
    {"the gem's 122 is free", bare, "exit122", ending::exited, ran::yes},
    {"its arguments cannot be decoded", bare, "unencodable exit1@setup", ending::undelivered,
     ran::no, payload},
    {"it exits before it begins", bare, "exit3@setup", ending::exited, ran::no},

    // A result that does not arrive.
    {"the frame is cut off", bare, "partial exit0@finished", ending::undelivered, ran::yes},
    {"the frame is cut off, and it exits otherwise", bare, "partial exit7@finished",
     ending::undelivered, ran::yes},
    {"another thread exits while it saves", bare, "exit9@left", ending::exited, ran::yes},
    {"another thread exits while it sends", bare, "partial exit9@sending", ending::exited,
     ran::yes},
    {"another thread exits with its own code", bare, "partial exit0@sending", ending::exited,
     ran::yes},
    {"another thread exits when it has sent", bare, "exception exit9@sent", ending::exited,
     ran::yes},
    {"what it sent is cut off all the same", bare, "partial exit0@sent", ending::undelivered,
     ran::yes},
    {"half of it could be sent", bare, "partial exit0@unsent", ending::undelivered, ran::yes},
    {"nothing of it could be sent", bare, "exit0@unsent", ending::undelivered, ran::yes},
    {"it exits while it saves its value", bare, "exit0@finished", ending::undelivered, ran::yes},
    {"it exits while it saves its exception", bare, "exit1@finished", ending::undelivered,
     ran::yes},
    {"the frame is malformed, and the kill wins", bare, "malformed SIGKILL@finished",
     ending::undelivered, ran::yes},
    {"the frame is malformed, and the exit wins", bare, "malformed exit0@finished",
     ending::undelivered, ran::yes},
    {"the frame is malformed behind the exit", bare, "exit0@finished malformed",
     ending::undelivered, ran::yes},
    {"the frame is too large", bare, "too_large SIGKILL@finished", ending::undelivered, ran::yes},
    {"there is no memory for the frame", bare, "no_memory SIGKILL@finished", ending::undelivered,
     ran::yes},
    {"a byte too many behind a good frame", bare, "value malformed SIGKILL@finished",
     ending::undelivered, ran::yes},
    {"a byte too many behind a good frame and the exit", bare, "value exit0@finished malformed",
     ending::undelivered, ran::yes},
    {"refusal, then a fault", bare, "malformed SIGSEGV", ending::faulted, ran::yes},
    {"refusal, then a core dump", bare, "too_large core:SIGABRT", ending::faulted, ran::yes},
    {"refusal, then its own signal", bare, "malformed SIGUSR1", ending::signaled, ran::yes},
    {"refusal, then a status that is lost", bare, "malformed lost", ending::lost, ran::yes},

    // A whole frame is no result by itself.
    {"a frame, then a crash", bare, "value SIGSEGV@finished", ending::faulted, ran::yes},
    {"a frame, then a crash of its exit handlers", bare, "value SIGSEGV@sent", ending::faulted,
     ran::yes, payload},
    {"a frame, then a signal in its exit handlers", bare, "value SIGTERM@sent", ending::signaled,
     ran::yes, payload},
    {"a frame, then another exit", bare, "value exit7@finished", ending::exited, ran::yes},
    {"a forged value behind an exception's exit", bare, "value exit1", ending::exited, ran::yes},
    {"a forged exception behind a value's exit", bare, "exception exit0", ending::exited, ran::yes},
    {"a frame, then the OOM killer", bare, "value SIGKILL@finished", ending::killed, ran::yes,
     payload},

    // Signals of others.
    {"SIGSEGV", bare, "SIGSEGV", ending::faulted, ran::yes},
    {"SIGSEGV with a report", bare, "SIGSEGV+fault", ending::faulted, ran::yes},
    {"SIGBUS", bare, "SIGBUS", ending::faulted, ran::yes},
    {"SIGILL", bare, "SIGILL", ending::faulted, ran::yes},
    {"SIGFPE", bare, "SIGFPE", ending::faulted, ran::yes},
    {"SIGABRT", bare, "SIGABRT", ending::faulted, ran::yes},
    {"SIGTRAP", bare, "SIGTRAP", ending::faulted, ran::yes},
    {"SIGSYS", bare, "SIGSYS", ending::faulted, ran::yes},
    {"any core dump is a fault", bare, "core:SIGQUIT", ending::faulted, ran::yes},
    {"a fault of process 1 of a namespace", bare, "exit134+fault", ending::faulted, ran::yes},
    {"its exit code without a fault is free", bare, "exit134", ending::exited, ran::yes},
    {"a fault of process 1, behind a value", bare, "value exit134@finished+fault", ending::faulted,
     ran::yes},
    {"a fault while it prepares", bare, "SIGSEGV@setup", ending::faulted, ran::no},
    {"kill -9", bare, "SIGKILL", ending::killed, ran::yes},
    {"kill -9 before it begins", bare, "SIGKILL@setup", ending::killed, ran::no},
    {"SIGTERM from outside", bare, "SIGTERM", ending::signaled, ran::yes},
    {"SIGINT from outside", bare, "SIGINT", ending::signaled, ran::yes},
    {"SIGXCPU", bare, "SIGXCPU", ending::signaled, ran::yes},
    {"SIGPIPE", bare, "SIGPIPE", ending::signaled, ran::yes},

    // Lost.
    {"someone else reaped it", bare, "lost", ending::lost, ran::yes},
    {"someone else reaped it, its value is here", bare, "value lost@finished", ending::lost,
     ran::yes, payload},
    {"its value arrives behind the loss", bare, "lost@finished value", ending::lost, ran::yes,
     payload},
    {"lost before it began", bare, "lost@setup", ending::lost, ran::no},
    {"killed at the deadline, then lost", timed, "deadline lost", ending::lost, ran::yes},

    // No child worth the name.
    {"it cannot prepare itself", bare, "exit1@setup_failed", ending::not_started, ran::no,
     setup_failed},
    {"it cannot prepare itself, and the deadline is late", timed, "deadline exit1@setup_failed",
     ending::not_started, ran::no, setup_failed},
    {"it cannot prepare itself, and someone else reaped it", bare, "lost@setup_failed",
     ending::not_started, ran::no, setup_failed},
    {"a result belies a failed setup", bare, "value exit0@setup_failed", ending::returned, ran::yes,
     payload},

    // The deadline.
    {"it is killed at the deadline", timed, "deadline SIGKILL", ending::timed_out, ran::yes},
    {"it is killed at the deadline before it begins", timed, "deadline SIGKILL@setup",
     ending::timed_out, ran::no},
    {"the frame, then the deadline, then our kill", timed, "value deadline SIGKILL@finished",
     ending::timed_out, ran::yes, payload},
    {"the frame, then the deadline, but it has exited", timed, "value deadline exit0@finished",
     ending::returned, ran::yes, payload},
    {"the deadline, then the frame, and it has exited", timed, "deadline value exit0@finished",
     ending::returned, ran::yes, payload},
    {"the deadline, then the frame, then our kill", timed, "deadline value SIGKILL@finished",
     ending::timed_out, ran::yes, payload},
    {"our kill finds it exiting with 7", timed, "deadline exit7", ending::exited, ran::yes},
    {"our kill finds it crashing", timed, "deadline SIGSEGV", ending::faulted, ran::yes},
    {"our kill finds half a frame", timed, "partial deadline SIGKILL@finished", ending::timed_out,
     ran::yes},
    {"the deadline behind the end", timed, "exit0 deadline", ending::exited, ran::yes},
    {"it heeds SIGTERM by dying", patient, "deadline SIGTERM", ending::timed_out, ran::yes},
    {"it heeds SIGTERM by exiting", patient, "deadline exit0", ending::timed_out, ran::yes},
    {"it heeds SIGTERM by exiting with 7", patient, "deadline exit7", ending::timed_out, ran::yes},
    {"it returns within the grace", patient, "deadline value exit0@finished", ending::returned,
     ran::yes, payload},
    {"it throws within the grace", patient, "deadline exception exit1@finished", ending::threw,
     ran::yes, payload},
    {"it outlasts the grace", patient, "deadline grace_over SIGKILL", ending::timed_out, ran::yes},
    {"it returns as the grace ends", patient, "deadline grace_over value exit0@finished",
     ending::returned, ran::yes, payload},
    {"it crashes within the grace", patient, "deadline SIGSEGV", ending::faulted, ran::yes},
    {"kill -9 within the grace", patient, "deadline SIGKILL", ending::killed, ran::yes},
    {"SIGINT within the grace of a timeout", patient, "deadline SIGINT", ending::signaled,
     ran::yes},
    {"half a frame within the grace", patient, "deadline partial exit0@finished", ending::timed_out,
     ran::yes},
    {"rubbish within the grace, and the exit wins", patient, "deadline malformed exit0@finished",
     ending::timed_out, ran::yes},
    {"rubbish within the grace, and the kill wins", patient, "deadline malformed SIGKILL",
     ending::timed_out, ran::yes},
    {"cancelled within the grace of a timeout", patient, "deadline terminal SIGKILL",
     ending::timed_out, ran::yes},

    // Cancellation.
    {"terminal", bare, "terminal SIGKILL", ending::cancelled, ran::yes, aborted},
    {"terminal before it begins", bare, "terminal SIGKILL@setup", ending::cancelled, ran::no,
     aborted},
    {"terminal, but it has exited", bare, "terminal exit7", ending::exited, ran::yes},
    {"terminal, but it has returned", bare, "value terminal exit0@finished", ending::returned,
     ran::yes, payload},
    {"terminal, the value is here but not the exit", bare, "value terminal SIGKILL@finished",
     ending::cancelled, ran::yes, payload | aborted},
    {"terminal, but it crashed", bare, "terminal SIGSEGV", ending::faulted, ran::yes},
    {"terminal behind the end", bare, "exit0 terminal", ending::exited, ran::yes},
    {"partial without grace", bare, "partial_cancel SIGKILL", ending::cancelled, ran::yes, aborted},
    {"partial without grace, SIGTERM is faster", bare, "partial_cancel SIGTERM", ending::cancelled,
     ran::yes, aborted},
    {"total without grace", bare, "total SIGINT", ending::cancelled, ran::yes, aborted},
    {"partial is heeded by dying", patient, "partial_cancel SIGTERM", ending::cancelled, ran::yes,
     aborted},
    {"partial is heeded by exiting", patient, "partial_cancel exit3", ending::cancelled, ran::yes,
     aborted},
    {"total is heeded by dying", patient, "total SIGINT", ending::cancelled, ran::yes, aborted},
    {"total, then SIGTERM from outside", patient, "total SIGTERM", ending::signaled, ran::yes},
    {"total, then partial", patient, "total partial_cancel SIGTERM", ending::cancelled, ran::yes,
     aborted},
    {"partial, then terminal", patient, "partial_cancel terminal SIGKILL", ending::cancelled,
     ran::yes, aborted},
    {"partial outlasts the grace", patient, "partial_cancel grace_over SIGKILL", ending::cancelled,
     ran::yes, aborted},
    {"partial, then the deadline", patient, "partial_cancel deadline grace_over SIGKILL",
     ending::cancelled, ran::yes, aborted},
    {"partial, and it returns within the grace", patient, "partial_cancel value exit0@finished",
     ending::cancelled, ran::yes, payload | aborted},
    {"partial, and it throws within the grace", patient, "partial_cancel exception exit1@finished",
     ending::cancelled, ran::yes, payload | aborted},
    {"partial, then rubbish, and the exit wins", patient, "partial_cancel malformed exit0@finished",
     ending::cancelled, ran::yes, aborted},
    {"partial, then rubbish, and the kill wins", patient, "partial_cancel malformed SIGKILL",
     ending::cancelled, ran::yes, aborted},
    {"rubbish, then terminal", bare, "malformed terminal SIGKILL", ending::undelivered, ran::yes},
    {"kill -9 while partial waits", patient, "partial_cancel SIGKILL", ending::killed, ran::yes},

    // The handle's owner.
    {"the owner kills it", bare, "owner_kills SIGKILL", ending::cancelled, ran::yes},
    {"the owner kills it before it begins", bare, "owner_kills SIGKILL@setup", ending::cancelled,
     ran::no},
    {"the owner kills what has exited", bare, "owner_kills exit7", ending::exited, ran::yes},
    {"the owner kills what has returned", bare, "value owner_kills exit0@finished",
     ending::returned, ran::yes, payload},
    {"the owner kills what crashed", bare, "owner_kills SIGSEGV", ending::faulted, ran::yes},
    {"the owner kills what timed out", timed, "deadline owner_kills SIGKILL", ending::timed_out,
     ran::yes},
    {"the owner kills within the grace", patient, "deadline owner_kills SIGKILL", ending::cancelled,
     ran::yes},
    {"the owner kills what heeds the timeout", patient, "deadline owner_kills exit0",
     ending::timed_out, ran::yes},

    // A callable with a stop token.
    {"it is asked at the deadline, and returns", asked, "deadline value exit0@finished",
     ending::timed_out, ran::yes, payload},
    {"it is asked at the deadline, and throws", asked, "deadline exception exit1@finished",
     ending::timed_out, ran::yes, payload},
    {"it is asked at the deadline, and exits", asked, "deadline exit7", ending::timed_out,
     ran::yes},
    {"it is asked at the deadline, and does not care", asked, "deadline grace_over SIGKILL",
     ending::timed_out, ran::yes},
    {"it is asked at the deadline, and crashes", asked, "deadline SIGSEGV", ending::faulted,
     ran::yes},
    {"it is asked by a cancellation, and returns", asked, "partial_cancel value exit0@finished",
     ending::cancelled, ran::yes, payload | aborted},
    {"it is asked once, whatever is asked", asked, "total partial_cancel deadline value exit0@sent",
     ending::cancelled, ran::yes, payload | aborted},
    {"it is asked, then killed", asked, "total terminal SIGKILL", ending::cancelled, ran::yes,
     aborted},
    {"SIGTERM is another's", asked, "partial_cancel SIGTERM", ending::signaled, ran::yes},
    {"there is no time to ask", asked_in_vain, "partial_cancel SIGKILL", ending::cancelled,
     ran::yes, aborted},

    // A message that is none.
    {"a message is refused", bare, "talk_refused SIGKILL", ending::undelivered, ran::yes},
    {"a message is refused, the value is here", bare, "value talk_refused exit0@finished",
     ending::undelivered, ran::yes},
    {"a message is refused behind the end", bare, "value exit0@finished talk_refused",
     ending::undelivered, ran::yes},
    {"a message is refused, and it crashes", bare, "talk_refused SIGSEGV", ending::faulted,
     ran::yes},
    {"a message is refused, then cancelled", bare, "talk_refused terminal SIGKILL",
     ending::undelivered, ran::yes},
    {"a message is refused within the grace", asked, "partial_cancel talk_refused SIGKILL",
     ending::cancelled, ran::yes, aborted},
    {"a message is refused, and it is early", hasty, "talk_refused value SIGKILL@finished",
     ending::undelivered, ran::yes},

    // Early.
    {"early", hasty, "value SIGKILL@finished", ending::returned, ran::yes, payload},
    {"early, an exception", hasty, "exception SIGKILL@finished", ending::threw, ran::yes, payload},
    {"early, what cannot be serialised", hasty, "unencodable SIGKILL@finished", ending::undelivered,
     ran::yes, payload},
    {"early, the exit is faster", hasty, "value exit0@finished", ending::returned, ran::yes,
     payload},
    {"early, the exit is there first", hasty, "exit0@finished value", ending::returned, ran::yes,
     payload},
    {"early, a crash behind the value", hasty, "value SIGSEGV@finished+fault", ending::returned,
     ran::yes, payload},
    {"early, cancelled behind the value", hasty, "value terminal SIGKILL@finished",
     ending::returned, ran::yes, payload},
    {"early, no value", hasty, "exit7", ending::exited, ran::yes},
    {"early, a value within the grace is not early", hasty_and_patient,
     "deadline value exit0@finished", ending::returned, ran::yes, payload},
};

BOOST_AUTO_TEST_SUITE(run_machine)

BOOST_AUTO_TEST_CASE(the_endings_of_the_contract) {
  static_assert(std::size(named_cases) >= 60);
  for (auto const& c : named_cases) {
    BOOST_TEST_CONTEXT(c.name << " (" << c.events << ')') {
      checked_run run{c.rules};
      bool ended = false;
      std::istringstream events{c.events};
      for (std::string word; events >> word;) {
        event const e = parse(word);
        ended |= e.type == event::what::reaped;
        run.step(e);
      }
      BOOST_REQUIRE(ended);
      run.step(plain(event::what::drained));
      if (!run.complete()) run.step(plain(event::what::symbolised));
      BOOST_TEST(run.complete());
      BOOST_TEST(run.failures() == 0U, run.first_failure());
      verdict const v = run.conclude();
      BOOST_TEST(v.how == c.how);
      BOOST_TEST(v.ran == c.whether);
      BOOST_TEST(v.keep_payload == ((c.also & payload) != 0));
      BOOST_TEST(v.aborted == ((c.also & aborted) != 0));
      BOOST_TEST(v.setup_failed == ((c.also & setup_failed) != 0));
    }
  }
}

BOOST_AUTO_TEST_CASE(every_exit_code_is_free) {
  for (int code = 0; code != 256; ++code) {
    machine_type machine{bare};
    machine.started();
    machine.reaped({status_kind::exited, code}, child_stage::running, 0);
    BOOST_TEST(has(machine.drained(), action::complete));
    BOOST_TEST(machine.conclude().how == ending::exited);
  }
}

BOOST_AUTO_TEST_CASE(every_signal_has_one_ending) {
  for (int signal = 1; signal <= SIGRTMAX; ++signal)
    for (bool const dumped : {false, true}) {
      machine_type machine{bare};
      machine.started();
      machine.reaped({dumped ? status_kind::dumped : status_kind::signaled, signal},
                     child_stage::running, 0);
      machine.drained();
      auto const expected = dumped || isolatte::detail::is_fault(signal) ? ending::faulted
                            : signal == SIGKILL                          ? ending::killed
                                                                         : ending::signaled;
      BOOST_TEST(machine.conclude().how == expected, "signal " << signal);
    }
}

BOOST_AUTO_TEST_CASE(a_fault_that_ends_in_an_exit_is_its_signal) {
  for (int signal = 1; signal != 128; ++signal) {
    machine_type machine{bare};
    machine.started();
    machine.reaped({status_kind::exited, 128 + signal}, child_stage::running, signal);
    machine.drained();
    // The child says which fault it was, and may say anything.
    bool const is_fault = isolatte::detail::is_fault(signal);
    BOOST_TEST(machine.conclude().how == (is_fault ? ending::faulted : ending::exited));
    BOOST_REQUIRE(machine.status());
    BOOST_TEST(machine.status()->number == (is_fault ? signal : 128 + signal));
  }
}

BOOST_AUTO_TEST_CASE(a_refused_message_is_told_of_a_child_that_may_not_be_killed) {
  machine_type machine{bare};
  machine.started();
  BOOST_TEST((machine.talk_refused() == action::kill));
  BOOST_TEST((machine.kill_refused(child_stage::running) == action::deliver_early));
  BOOST_TEST(machine.conclude().how == ending::undelivered);
  BOOST_TEST(machine.conclude().talk_refused);
}

BOOST_AUTO_TEST_CASE(a_machine_that_was_not_started_does_nothing) {
  for (auto const* const some : {&frames(), &commands(), &ends()})
    for (auto const& e : *some) {
      machine_type machine{patient};
      if (e.type == event::what::frame) continue;
      BOOST_TEST((apply(machine, e) == action::none));
      BOOST_TEST(machine.conclude().how == ending::not_started);
      BOOST_TEST(!machine.complete());
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace run_machine_test
