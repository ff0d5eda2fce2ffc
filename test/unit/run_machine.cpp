// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "logic/run_machine.hpp"

#include "vocabulary/signals.hpp"

#include <boost/test/unit_test.hpp>

#include <csignal>
#include <cstddef>
#include <map>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace run_machine_test {

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
};

action apply(machine_type& machine, const event& e) {
  switch (e.type) {
    case event::what::frame: return machine.frame(e.frame, e.kind);
    case event::what::deadline: return machine.deadline();
    case event::what::grace_over: return machine.grace_over();
    case event::what::cancel: return machine.cancel(e.cancel);
    case event::what::owner_kills: machine.terminated_by_owner(); return action::none;
    case event::what::talk_refused: return machine.talk_refused();
    case event::what::reaped: return machine.reaped(e.status, e.stage, e.fault);
    case event::what::drained: return machine.drained();
    case event::what::symbolised: return machine.symbolised();
  }
  throw std::logic_error{"no such event"};
}

event framed(frame_state state, payload_kind kind = payload_kind::none) {
  return {.type = event::what::frame, .frame = state, .kind = kind};
}
event plain(event::what type) { return {.type = type}; }
event cancelled(cancel_kind kind) { return {.type = event::what::cancel, .cancel = kind}; }
/// The fault that a child has recorded which ends in this way.
int fault_of(const exit_status& status) {
  if (status.how == status_kind::lost) return SIGSEGV;
  return status.how == status_kind::exited ? status.number - 128 : status.number;
}
event reaped(const exit_status& status, child_stage stage, bool fault) {
  return {.type = event::what::reaped,
          .status = status,
          .stage = stage,
          .fault = fault ? fault_of(status) : 0};
}

constexpr action signals[] = {action::interrupt, action::request_exit, action::kill,
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
  std::optional<event> end;
  bool drained = false;
};

bool refused(frame_state state) {
  return state == frame_state::malformed || state == frame_state::too_large ||
         state == frame_state::out_of_memory;
}

/// The contract's table of endings, read from top to bottom, for what is not refused.
verdict oracle_of_end(const history& seen) {
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
               (end.stage == child_stage::finished || end.stage == child_stage::unsent)) {
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

verdict oracle(const history& seen) {
  verdict v = oracle_of_end(seen);
  // The callable has had its say, but one of its messages was none.
  if (seen.talk_refused && (v.how == ending::returned || v.how == ending::threw ||
                            v.how == ending::exited || v.how == ending::undelivered)) {
    v.how = ending::undelivered;
    v.keep_payload = false;
    v.talk_refused = true;
  }
  return v;
}

std::string describe(const event& e) {
  std::ostringstream text;
  text << static_cast<int>(e.type) << ':';
  if (e.type == event::what::frame)
    text << "frame" << static_cast<int>(e.frame) << '.' << static_cast<int>(e.kind);
  if (e.type == event::what::cancel) text << "cancel" << static_cast<int>(e.cancel);
  if (e.type == event::what::reaped)
    text << "status" << static_cast<int>(e.status.how) << '.' << e.status.number << '/'
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
    path_.push_back(e);
    bool const was_complete = machine_.complete();
    bool const was_reaped = seen_.end.has_value();
    bool const was_stopped = stopped();
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
      expect(seen_.end && seen_.end->fault && !seen_.early, "symbols are for a fault");
    if (has(todo, action::deliver_early)) {
      expect(seen_.rules.early && seen_.frame == frame_state::complete && !was_stopped,
             "early delivery is for a whole result");
      expect(has(todo, action::kill), "nothing is left to wait for");
    }
    check_stop(e, todo, was_stopped, was_reaped);
    if (machine_.complete()) check_verdict();
  }

  bool complete() const { return machine_.complete(); }
  const history& seen() const { return seen_; }
  verdict conclude() const { return machine_.conclude(); }
  std::size_t failures() const { return failures_; }
  const std::string& first_failure() const { return first_failure_; }

 private:
  bool stopped() const { return seen_.stopped_by.has_value() || seen_.early; }

  void note_before(const event& e) {
    if (machine_.complete()) return;
    switch (e.type) {
      case event::what::frame:
        // A frame that arrives while symbols are looked up is too late.
        if (seen_.symbolisations != 0 || seen_.early) break;
        seen_.frame = e.frame;
        seen_.kind = e.kind;
        break;
      case event::what::owner_kills: seen_.owner_killed = true; break;
      case event::what::talk_refused:
        seen_.talk_refused |= seen_.symbolisations == 0 && !seen_.early;
        break;
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
    seen_.early |= has(todo, action::deliver_early);
    if (has(todo, action::deliver_early)) return;
    for (action const signal : signals)
      if (has(todo, signal) && !seen_.stopped_by) seen_.stopped_by = e.type;
    expect(seen_.kills <= 1 && seen_.graces <= 1 && seen_.drains <= 1 && seen_.completions <= 1 &&
               seen_.symbolisations <= 1,
           "each is asked for but once");
  }

  void check_stop(const event& e, action todo, bool was_stopped, bool was_reaped) {
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
    if (holds || ++failures_ != 1) return;
    std::string text = what;
    text += seen_.rules.timeout ? " [timeout" : " [";
    text += seen_.rules.grace ? " grace" : "";
    text += seen_.rules.asks_callable ? " asks" : "";
    text += seen_.rules.early ? " early]" : "]";
    for (auto const& e : path_) text += ' ' + describe(e);
    verdict const v = machine_.conclude();
    text += " -> " + std::string{to_string(v.how)};
    first_failure_ = text;
  }

  machine_type machine_;
  history seen_;
  std::vector<event> path_;
  std::size_t failures_ = 0;
  std::string first_failure_;
};

const std::vector<event>& frames() {
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

const std::vector<event>& commands() {
  static std::vector<event> const all{
      plain(event::what::deadline),      plain(event::what::grace_over),
      cancelled(cancel_kind::interrupt), cancelled(cancel_kind::request_exit),
      cancelled(cancel_kind::terminate), plain(event::what::owner_kills),
      plain(event::what::talk_refused),
  };
  return all;
}

const std::vector<event>& ends() {
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
bool may_follow(frame_state before, const event& e) {
  switch (before) {
    case frame_state::absent: return true;
    case frame_state::partial: return e.frame != frame_state::partial;
    case frame_state::complete: return e.frame == frame_state::malformed;
    default: return false;
  }
}

struct enumeration {
  std::size_t runs = 0;
  std::size_t failures = 0;
  std::string first_failure;

  void take(const checked_run& run) {
    ++runs;
    if (run.failures() != 0 && failures++ == 0) first_failure = run.first_failure();
  }

  /// Tries every way to go on after the end: a frame that was still in the pipe, events that come
  /// too late.
  void finish(const checked_run& run) {
    std::vector<std::optional<event>> late{std::nullopt};
    for (auto const& e : frames())
      if (may_follow(run.seen().frame, e)) late.emplace_back(e);
    late.emplace_back(plain(event::what::deadline));
    late.emplace_back(plain(event::what::grace_over));
    late.emplace_back(cancelled(cancel_kind::terminate));
    late.emplace_back(cancelled(cancel_kind::request_exit));
    late.emplace_back(plain(event::what::talk_refused));
    late.emplace_back(ends().front());
    late.emplace_back(plain(event::what::symbolised));
    for (auto const& e : late) {
      checked_run next = run;
      if (e) next.step(*e);
      next.step(plain(event::what::drained));
      if (!next.complete()) {
        if (e && e->type != event::what::frame) next.step(*e);
        if (!next.complete()) next.step(plain(event::what::symbolised));
      }
      if (e && e->type != event::what::frame) next.step(*e);
      next.step(plain(event::what::drained));
      if (!next.complete() && failures++ == 0) first_failure = "a run does not end";
      take(next);
    }
  }

  void explore(const checked_run& run, unsigned depth) {
    for (auto const& e : ends()) {
      checked_run next = run;
      next.step(e);
      finish(next);
    }
    if (depth == 0) return;
    for (auto const* const some : {&frames(), &commands()})
      for (auto const& e : *some) {
        if (e.type == event::what::frame && !may_follow(run.seen().frame, e)) continue;
        checked_run next = run;
        next.step(e);
        explore(next, depth - 1);
      }
  }
};

std::vector<policy> policies() {
  std::vector<policy> all;
  for (bool const timeout : {false, true})
    for (bool const grace : {false, true})
      for (bool const early : {false, true})
        for (bool const asks : {false, true})
          all.push_back(
              {.timeout = timeout, .grace = grace, .early = early, .asks_callable = asks});
  return all;
}

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
    {"it could not write at all", bare, "exit0@finished", ending::undelivered, ran::yes},
    {"it could not write its exception", bare, "exit1@finished", ending::undelivered, ran::yes},
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

BOOST_AUTO_TEST_CASE(every_order_of_events) {
  // The depth counts what happens before the end; twice as much may happen after it.
  constexpr unsigned depth = 3;
  enumeration all;
  // Without a timeout the same may happen, only the timer is not armed.
  for (auto const& rules : policies())
    all.explore(checked_run{rules}, rules.timeout && !rules.asks_callable ? depth : depth - 1);
  BOOST_TEST(all.failures == 0U, all.failures << " of " << all.runs << ": " << all.first_failure);
  BOOST_TEST(all.runs > 100000U);
  BOOST_TEST_MESSAGE(all.runs << " runs");
}

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
