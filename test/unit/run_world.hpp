// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_TEST_UNIT_RUN_WORLD_HPP
#define ISOLATTE_TEST_UNIT_RUN_WORLD_HPP

#include "logic/run_machine.hpp"
#include "vocabulary/signals.hpp"

#include <csignal>
#include <cstddef>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

/// A run as an observer sees it: the events, what the machine asks for, and what the contract says
/// of both.
namespace run_world {

using isolatte::ending;
using isolatte::ran;
using isolatte::detail::payload_kind;
using isolatte::logic::action;
using isolatte::logic::cancel_kind;
using isolatte::logic::child_stage;
using isolatte::logic::exit_status;
using isolatte::logic::frame_state;
using isolatte::logic::has;
using isolatte::logic::policy;
using isolatte::logic::verdict;
using machine_type = isolatte::logic::run_machine;
using status_kind = exit_status::kind;

struct event {
  enum class what {
    frame,
    deadline,
    grace_over,
    cancel,
    owner_kills,
    talk_refused,
    kill_refused,
    allow_grace,
    forbid_grace,
    reaped,
    drained,
    symbolised,
  };
  what type = what::frame;
  frame_state frame = frame_state::absent;
  payload_kind kind = payload_kind::none;
  cancel_kind cancel = cancel_kind::terminate;
  exit_status status{};
  child_stage stage = child_stage::running;
  /// The signal of the fault that the child has recorded, or 0.
  int fault = 0;
  bool operator==(const event&) const = default;
};

inline action apply(machine_type& machine, const event& e) {
  switch (e.type) {
    case event::what::frame: return machine.frame(e.frame, e.kind);
    case event::what::deadline: return machine.deadline();
    case event::what::grace_over: return machine.grace_over();
    case event::what::cancel: return machine.cancel(e.cancel);
    case event::what::owner_kills: machine.terminated_by_owner(); return action::none;
    case event::what::talk_refused: return machine.talk_refused();
    case event::what::kill_refused: return machine.kill_refused(e.stage);
    case event::what::allow_grace: machine.allow_grace(true); return action::none;
    case event::what::forbid_grace: machine.allow_grace(false); return action::none;
    case event::what::reaped: return machine.reaped(e.status, e.stage, e.fault);
    case event::what::drained: return machine.drained();
    case event::what::symbolised: return machine.symbolised();
  }
  throw std::logic_error{"no such event"};
}

inline event framed(frame_state state, payload_kind kind = payload_kind::none) {
  return {.type = event::what::frame, .frame = state, .kind = kind};
}
inline event plain(event::what type) { return {.type = type}; }
inline event cancelled(cancel_kind kind) { return {.type = event::what::cancel, .cancel = kind}; }
/// The fault that a child has recorded which ends in this way.
inline int fault_of(const exit_status& status) {
  if (status.how == status_kind::lost) return SIGSEGV;
  return status.how == status_kind::exited ? status.number - 128 : status.number;
}
inline event reaped(const exit_status& status, child_stage stage, bool fault) {
  return {.type = event::what::reaped,
          .status = status,
          .stage = stage,
          .fault = fault ? fault_of(status) : 0};
}

inline constexpr action signals[] = {action::interrupt, action::request_exit, action::kill,
                                     action::ask_callable};

/// The events of a run and the actions that the machine asked for, as an observer saw them. The
/// oracle knows nothing else: it has no state of the machine.
struct history {
  policy rules;
  frame_state frame = frame_state::absent;
  payload_kind kind = payload_kind::none;
  /// The event that first made the machine send a signal, if any did.
  std::optional<event::what> stopped_by;
  bool interrupted = false;
  bool asked_to_exit = false;
  bool asked_callable = false;
  bool talk_refused = false;
  int kills = 0;
  int graces = 0;
  int drains = 0;
  int completions = 0;
  int symbolisations = 0;
  bool early = false;
  bool owner_killed = false;
  /// The system has refused SIGKILL, and when it did, the child had come so far.
  std::optional<child_stage> given_up;
  std::optional<event> end;
  bool drained = false;
  bool operator==(const history&) const = default;
};

inline bool refused(frame_state state) {
  return state == frame_state::malformed || state == frame_state::too_large ||
         state == frame_state::out_of_memory;
}

/// The contract's table of endings, read from top to bottom, for what is not refused.
inline verdict oracle_of_end(const history& seen) {
  verdict v;
  bool const complete = seen.frame == frame_state::complete;
  auto const of_payload = [&] {
    return seen.kind == payload_kind::value       ? ending::returned
           : seen.kind == payload_kind::exception ? ending::threw
                                                  : ending::undelivered;
  };
  if (seen.early) return {.how = of_payload(), .ran = ran::yes, .keep_payload = true};

  event const& end = *seen.end;
  // A process that a signal cannot kill exits instead.
  bool const died_by_exit = end.fault != 0 && end.status.how == status_kind::exited &&
                            end.status.number == 128 + end.fault;
  bool const ended_itself = (end.status.how == status_kind::exited && !died_by_exit) ||
                            end.status.how == status_kind::lost;
  if (ended_itself && end.stage == child_stage::setup_failed && seen.frame == frame_state::absent)
    return {.how = ending::not_started, .ran = ran::no, .setup_failed = true};

  // A child that cannot decode its arguments says so, and does not begin.
  bool const not_received =
      end.stage == child_stage::setup && seen.kind == payload_kind::unencodable;
  bool const began = end.stage != child_stage::setup && end.stage != child_stage::setup_failed;
  v.ran = !not_received && (began || seen.frame != frame_state::absent) ? ran::yes : ran::no;
  bool const by_timeout = seen.stopped_by == event::what::deadline;
  bool const by_cancel = seen.stopped_by == event::what::cancel;
  bool const by_refusal =
      seen.stopped_by == event::what::frame || seen.stopped_by == event::what::talk_refused;
  bool const polite = seen.interrupted || seen.asked_to_exit || seen.asked_callable;
  bool const delivered =
      complete && (end.stage == child_stage::sending || end.stage == child_stage::sent);
  int const number = died_by_exit ? end.fault : end.status.number;

  if (end.status.how == status_kind::lost) {
    v.how = ending::lost;
    v.keep_payload = complete;
  } else if (end.status.how == status_kind::exited && !died_by_exit) {
    int const expected = seen.kind == payload_kind::value ? 0 : 1;
    if (complete && number == expected) {
      v.how = by_cancel && polite                 ? ending::cancelled
              : by_timeout && seen.asked_callable ? ending::timed_out
                                                  : of_payload();
      v.keep_payload = true;
    } else if (polite && by_cancel) {
      v.how = ending::cancelled;
    } else if (polite && by_timeout) {
      v.how = ending::timed_out;
    } else if (refused(seen.frame)) {
      v.how = ending::undelivered;
    } else if (end.stage == child_stage::sending || end.stage == child_stage::left) {
      // Somebody else than the library ended it.
      v.how = ending::exited;
    } else if (seen.frame == frame_state::partial) {
      v.how = ending::undelivered;
    } else if (seen.frame == frame_state::absent &&
               (end.stage == child_stage::finished || end.stage == child_stage::unsent ||
                end.stage == child_stage::sent)) {
      v.how = ending::undelivered;
    } else {
      v.how = ending::exited;
    }
  } else {
    bool const ours = (number == SIGKILL && seen.kills != 0) ||
                      (number == SIGTERM && seen.asked_to_exit) ||
                      (number == SIGINT && seen.interrupted);
    bool const fault = end.status.how == status_kind::dumped || isolatte::detail::is_fault(number);
    if (ours) {
      v.how = by_timeout ? ending::timed_out : by_cancel ? ending::cancelled : ending::undelivered;
      v.keep_payload = complete && !by_refusal;
    } else if (fault) {
      v.how = ending::faulted;
      v.keep_payload = delivered;
    } else if (number == SIGKILL) {
      v.how = seen.owner_killed ? ending::cancelled : ending::killed;
      v.keep_payload = complete;
    } else {
      v.how = ending::signaled;
      v.keep_payload = delivered;
    }
  }
  v.aborted = v.how == ending::cancelled && by_cancel;
  return v;
}

/// The same for a child that may not be killed: it goes on, and the run is over.
inline verdict oracle_of_given_up(const history& seen) {
  verdict v;
  bool const not_received =
      *seen.given_up == child_stage::setup && seen.kind == payload_kind::unencodable;
  bool const began =
      *seen.given_up != child_stage::setup && *seen.given_up != child_stage::setup_failed;
  v.ran = !not_received && (began || seen.frame != frame_state::absent) ? ran::yes : ran::no;
  v.how = seen.stopped_by == event::what::deadline ? ending::timed_out
          : seen.stopped_by == event::what::cancel ? ending::cancelled
                                                   : ending::undelivered;
  v.keep_payload = v.how != ending::undelivered && seen.frame == frame_state::complete;
  return v;
}

inline verdict oracle(const history& seen) {
  verdict v = seen.given_up ? oracle_of_given_up(seen) : oracle_of_end(seen);
  // The callable has had its say, but one of its messages was none.
  if (seen.talk_refused && (v.how == ending::returned || v.how == ending::threw ||
                            v.how == ending::exited || v.how == ending::undelivered)) {
    v.how = ending::undelivered;
    v.keep_payload = false;
    v.talk_refused = true;
  }
  return v;
}

inline std::string describe(const event& e) {
  std::ostringstream text;
  constexpr const char* names[] = {"frame",        "deadline",     "grace_over",   "cancel",
                                   "owner_kills",  "talk_refused", "kill_refused", "allow_grace",
                                   "forbid_grace", "reaped",       "drained",      "symbolised"};
  text << names[static_cast<std::size_t>(e.type)];
  if (e.type == event::what::frame)
    text << static_cast<int>(e.frame) << '.' << static_cast<int>(e.kind);
  if (e.type == event::what::cancel) text << static_cast<int>(e.cancel);
  if (e.type == event::what::reaped)
    text << ' ' << static_cast<int>(e.status.how) << '.' << e.status.number << '/'
         << static_cast<int>(e.stage) << (e.fault != 0 ? "+fault" : "");
  return text.str();
}

/// Steps a machine and checks what it asks for against what a driver may be asked.
class checked_run {
 public:
  explicit checked_run(policy rules) : machine_{rules} {
    seen_.rules = rules;
    expect(machine_.started() == (rules.timeout ? action::arm_deadline : action::none),
           "the deadline is armed at the start where there is one");
  }

  void step(const event& e) {
    bool const was_complete = machine_.complete();
    bool const was_reaped = seen_.end.has_value();
    bool const was_stopped = stopped();
    bool const was_given_up = seen_.given_up.has_value();
    note_before(e);
    action const todo = apply(machine_, e);

    expect(!has(todo, action::arm_deadline), "the deadline is armed but once");
    for (action const signal : signals)
      expect(!has(todo, signal) || !was_reaped, "nothing is sent behind the end");
    expect(!was_complete || todo == action::none, "nothing is asked for behind the completion");
    expect(!was_complete || machine_.complete(), "what is complete stays so");
    count(todo, e);

    bool const reaps = e.type == event::what::reaped;
    expect(has(todo, action::drain) == (reaps && !was_reaped), "draining begins with the end");
    expect(has(todo, action::complete) == (machine_.complete() && !was_complete),
           "completion is asked for as it happens");
    if (has(todo, action::complete)) {
      expect(seen_.end && seen_.drained, "completion is behind the end and the draining");
      expect(seen_.symbolisations == 0 || e.type == event::what::symbolised,
             "completion is behind the symbols");
    }
    if (has(todo, action::symbolise))
      expect(seen_.end && seen_.end->fault && !seen_.early && !seen_.given_up,
             "symbols are for a fault");
    if (has(todo, action::deliver_early) && e.type != event::what::kill_refused) {
      expect(seen_.rules.early && seen_.frame == frame_state::complete && !was_stopped,
             "early delivery is for a whole result");
      expect(has(todo, action::kill), "nothing is left to wait for");
    }
    check_stop(e, todo, was_stopped, was_reaped, was_given_up);
    if (e.type == event::what::drained && was_reaped)
      expect(machine_.complete() || seen_.symbolisations == 1, "a run that is drained ends");
    if (e.type == event::what::symbolised && seen_.symbolisations == 1)
      expect(machine_.complete(), "a run that has its symbols ends");
    // The outcome of a child that may not be killed is told once, before its end is known.
    if (has(todo, action::deliver_early) || (machine_.complete() && !seen_.given_up))
      check_verdict();
  }

  bool complete() const { return machine_.complete(); }
  const history& seen() const { return seen_; }
  verdict conclude() const { return machine_.conclude(); }
  unsigned failures() const { return failures_; }
  const char* first_failure() const { return first_failure_; }
  /// Whether both will go on in the same way.
  bool operator==(const checked_run& other) const {
    return machine_ == other.machine_ && seen_ == other.seen_;
  }

 private:
  bool stopped() const { return seen_.stopped_by.has_value() || seen_.early; }

  void note_before(const event& e) {
    if (machine_.complete()) return;
    switch (e.type) {
      case event::what::frame:
        // A frame that arrives while symbols are looked up is too late.
        if (seen_.symbolisations != 0 || seen_.early || seen_.given_up) break;
        seen_.frame = e.frame;
        seen_.kind = e.kind;
        break;
      case event::what::owner_kills: seen_.owner_killed = true; break;
      case event::what::talk_refused:
        seen_.talk_refused |= seen_.symbolisations == 0 && !seen_.early && !seen_.given_up;
        break;
      case event::what::allow_grace: seen_.rules.grace = true; break;
      case event::what::forbid_grace: seen_.rules.grace = false; break;
      case event::what::reaped:
        if (!seen_.end) seen_.end = e;
        break;
      case event::what::drained:
        if (seen_.end) seen_.drained = true;
        break;
      default: break;
    }
  }

  void count(action todo, const event& e) {
    seen_.kills += has(todo, action::kill);
    seen_.graces += has(todo, action::arm_grace);
    seen_.drains += has(todo, action::drain);
    seen_.completions += has(todo, action::complete);
    seen_.symbolisations += has(todo, action::symbolise);
    seen_.interrupted |= has(todo, action::interrupt);
    seen_.asked_to_exit |= has(todo, action::request_exit);
    seen_.asked_callable |= has(todo, action::ask_callable);
    if (has(todo, action::deliver_early)) {
      if (e.type == event::what::kill_refused)
        seen_.given_up = e.stage;
      else
        seen_.early = true;
      return;
    }
    for (action const signal : signals)
      if (has(todo, signal) && !seen_.stopped_by) seen_.stopped_by = e.type;
    expect(seen_.kills <= 1 && seen_.graces <= 1 && seen_.drains <= 1 && seen_.completions <= 1 &&
               seen_.symbolisations <= 1,
           "each is asked for but once");
  }

  void check_stop(const event& e, action todo, bool was_stopped, bool was_reaped,
                  bool was_given_up) {
    bool const asks = seen_.rules.asks_callable;
    bool const signals_politely = has(todo, action::interrupt) || has(todo, action::request_exit);
    bool const polite = signals_politely || has(todo, action::ask_callable);
    bool const killed_before = seen_.kills - has(todo, action::kill) != 0;
    bool const grace = seen_.rules.grace;
    expect(!signals_politely || !asks, "a callable with a token gets no polite signal");
    expect(!has(todo, action::ask_callable) || asks, "a callable without a token is not asked");
    expect(!has(todo, action::ask_callable) || has(todo, action::arm_grace),
           "a callable is asked but once, with the grace's beginning");
    expect(!polite || !killed_before, "who is being killed is asked no more");
    expect(!polite || (grace ? !has(todo, action::kill) : has(todo, action::kill)),
           "without grace the kill comes with the request, and with grace it does not");
    expect(!has(todo, action::arm_grace) || (polite && grace), "grace is time behind a request");
    expect(!polite || !grace || seen_.graces == 1, "a request is bounded by the grace");
    switch (e.type) {
      case event::what::deadline: {
        action const expected = was_stopped || was_reaped ? action::none
                                : !grace                  ? action::kill
                                : asks                    ? action::ask_callable | action::arm_grace
                                       : action::request_exit | action::arm_grace;
        expect(todo == expected, "a deadline stops what is not being stopped");
        break;
      }
      case event::what::grace_over:
        expect(todo == (seen_.graces == 1 && !killed_before && !was_reaped ? action::kill
                                                                           : action::none),
               "the end of the grace kills");
        break;
      case event::what::cancel: {
        bool const heard = !was_reaped && !killed_before;
        expect(
            has(todo, action::interrupt) == (heard && !asks && e.cancel == cancel_kind::interrupt),
            "total is SIGINT");
        expect(has(todo, action::request_exit) ==
                   (heard && !asks && e.cancel == cancel_kind::request_exit),
               "partial is SIGTERM");
        expect(has(todo, action::ask_callable) ==
                   (heard && asks && grace && !was_stopped && e.cancel != cancel_kind::terminate),
               "a callable with a token is asked in place of both");
        expect(has(todo, action::kill) == (heard && (!grace || e.cancel == cancel_kind::terminate)),
               "terminal is SIGKILL");
        break;
      }
      case event::what::frame:
        expect(has(todo, action::kill) == (!was_reaped && !killed_before &&
                                           (refused(e.frame) || has(todo, action::deliver_early))),
               "a frame kills where it is refused or enough");
        expect(has(todo, action::deliver_early) ==
                   (seen_.rules.early && e.frame == frame_state::complete && !was_stopped &&
                    !was_reaped),
               "a whole result is delivered early where that is wanted");
        expect(!polite, "a frame asks for nothing");
        break;
      case event::what::talk_refused:
        expect(
            todo == (!was_reaped && !killed_before && !seen_.early ? action::kill : action::none),
            "a refused message kills, and does no more");
        break;
      case event::what::kill_refused:
        expect(todo == (killed_before && !was_reaped && !seen_.early && !was_given_up
                            ? action::deliver_early
                            : action::none),
               "a kill that is refused gives the run up, once");
        break;
      default:
        for (action const signal : signals) expect(!has(todo, signal), "no reason for a signal");
    }
  }

  void check_verdict() {
    verdict const is = machine_.conclude();
    verdict const should = oracle(seen_);
    expect(is.how == should.how, "the ending");
    expect(is.ran == should.ran, "whether it ran");
    expect(is.keep_payload == should.keep_payload, "whether the payload is kept");
    expect(is.aborted == should.aborted, "whether it is aborted");
    expect(is.setup_failed == should.setup_failed, "whether the setup failed");
    expect(is.talk_refused == should.talk_refused, "whether a message was refused");
    expect(!is.aborted || is.how == ending::cancelled, "who is aborted is cancelled");
    expect(is.how != ending::undelivered || is.talk_refused || *is.reason != '\0',
           "undelivered says why");
    expect(is.how != ending::not_started || is.ran == ran::no, "what was not started did not run");
    expect(!is.keep_payload || seen_.frame == frame_state::complete || seen_.early,
           "only a whole payload is kept");
  }

  void expect(bool holds, const char* what) {
    if (!holds && ++failures_ == 1) first_failure_ = what;
  }

  machine_type machine_;
  history seen_;
  unsigned failures_ = 0;
  const char* first_failure_ = "";
};

inline const std::vector<event>& frames() {
  static std::vector<event> const all{
      framed(frame_state::partial),
      framed(frame_state::complete, payload_kind::value),
      framed(frame_state::complete, payload_kind::exception),
      framed(frame_state::complete, payload_kind::unencodable),
      framed(frame_state::malformed),
      framed(frame_state::too_large),
      framed(frame_state::out_of_memory),
  };
  return all;
}

inline const std::vector<event>& commands() {
  static std::vector<event> const all{
      plain(event::what::deadline),      plain(event::what::grace_over),
      cancelled(cancel_kind::interrupt), cancelled(cancel_kind::request_exit),
      cancelled(cancel_kind::terminate), plain(event::what::owner_kills),
      plain(event::what::talk_refused),
  };
  return all;
}

inline const std::vector<event>& ends() {
  static std::vector<event> const all = [] {
    std::vector<event> result;
    exit_status const statuses[] = {
        {status_kind::exited, 0},         {status_kind::exited, 1},
        {status_kind::exited, 7},         {status_kind::signaled, SIGKILL},
        {status_kind::signaled, SIGTERM}, {status_kind::signaled, SIGINT},
        {status_kind::signaled, SIGUSR1}, {status_kind::signaled, SIGSEGV},
        {status_kind::dumped, SIGQUIT},   {status_kind::dumped, SIGABRT},
        {status_kind::lost, 0},           {status_kind::exited, 128 + SIGABRT},
    };
    for (auto const& status : statuses)
      for (auto const stage : {child_stage::setup, child_stage::setup_failed, child_stage::running,
                               child_stage::finished, child_stage::sending, child_stage::sent,
                               child_stage::unsent, child_stage::left})
        for (bool const fault : {false, true})
          // Only a child that dies of a signal can have recorded one; a lost status may hide that.
          if (!fault || fault_of(status) == SIGSEGV || fault_of(status) == SIGABRT)
            result.push_back(reaped(status, stage, fault));
    return result;
  }();
  return all;
}

/// Whether a frame reader may report this event after that state.
inline bool may_follow(frame_state before, const event& e) {
  switch (before) {
    case frame_state::absent: return true;
    case frame_state::partial: return e.frame != frame_state::partial;
    case frame_state::complete: return e.frame == frame_state::malformed;
    default: return false;
  }
}
}  // namespace run_world

#endif
