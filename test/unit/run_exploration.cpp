// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "run_world.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

namespace run_exploration_test {

using namespace run_world;

/// A number that most histories have for themselves.
std::size_t digest(const history& seen) {
  std::uint64_t number = 0;
  auto const add = [&number](auto value, unsigned values) {
    number = number * values + static_cast<std::uint64_t>(value);
  };
  add(seen.rules.grace, 2), add(seen.rules.early, 2), add(seen.rules.asks_callable, 2);
  add(seen.frame, 8), add(seen.kind, 4);
  add(seen.stopped_by ? static_cast<int>(*seen.stopped_by) + 1 : 0, 16);
  for (bool const flag : {seen.interrupted, seen.asked_to_exit, seen.asked_callable,
                          seen.talk_refused, seen.early, seen.owner_killed, seen.drained})
    add(flag, 2);
  for (int const count :
       {seen.kills, seen.graces, seen.drains, seen.completions, seen.symbolisations})
    add(count, 2);
  add(seen.given_up ? static_cast<int>(*seen.given_up) + 1 : 0, 16);
  if (seen.end) {
    add(seen.end->status.how, 4), add(seen.end->status.number, 256);
    add(seen.end->stage, 8), add(seen.end->fault != 0, 2);
  }
  return static_cast<std::size_t>(number * 0x9e3779b97f4a7c15 >> 7);
}

/// The states that runs can come to, each once, and how a run has come to each.
class graph {
 public:
  /// @return whether no run has been in this state before
  bool add(const checked_run& run, std::size_t from, const event& by) {
    nodes_.push_back({run, from, by, from == none ? 0 : nodes_[from].depth + 1});
    bool const is_new = known_.insert(nodes_.size() - 1).second;
    if (!is_new) nodes_.pop_back();
    return is_new;
  }
  std::size_t size() const { return nodes_.size(); }
  const checked_run& run(std::size_t n) const { return nodes_[n].run; }
  unsigned depth(std::size_t n) const { return nodes_[n].depth; }
  std::string path(std::size_t n) const {
    auto const& rules = nodes_[n].run.seen().rules;
    std::string text = rules.early ? "early" : "";
    text += rules.asks_callable ? " asks" : "";
    std::vector<std::size_t> steps;
    for (; nodes_[n].from != none; n = nodes_[n].from) steps.push_back(n);
    std::reverse(steps.begin(), steps.end());
    for (auto const step : steps) text += ", " + describe(nodes_[step].by);
    return text;
  }
  static constexpr std::size_t none = static_cast<std::size_t>(-1);

 private:
  struct node {
    checked_run run;
    std::size_t from;
    event by;
    unsigned depth;
  };
  struct hash {
    const graph* of;
    std::size_t operator()(std::size_t n) const { return digest(of->nodes_[n].run.seen()); }
  };
  struct equal {
    const graph* of;
    bool operator()(std::size_t a, std::size_t b) const {
      return of->nodes_[a].run == of->nodes_[b].run;
    }
  };

  std::vector<node> nodes_;
  std::unordered_set<std::size_t, hash, equal> known_{1 << 16, hash{this}, equal{this}};
};

/// The events that may come as long as the child lives, other than its end.
std::vector<event> events_of_life() {
  std::vector<event> all = commands();
  all.insert(all.end(), frames().begin(), frames().end());
  all.push_back(plain(event::what::allow_grace));
  all.push_back(plain(event::what::forbid_grace));
  for (auto const stage : {child_stage::setup, child_stage::running, child_stage::sent}) {
    event refused = plain(event::what::kill_refused);
    refused.stage = stage;
    all.push_back(refused);
  }
  return all;
}

/// The events that may come after its end, some of them too late.
std::vector<event> events_of_death() {
  std::vector<event> all = frames();
  for (auto const type : {event::what::deadline, event::what::grace_over, event::what::talk_refused,
                          event::what::kill_refused, event::what::drained, event::what::symbolised})
    all.push_back(plain(type));
  all.push_back(cancelled(cancel_kind::terminate));
  all.push_back(cancelled(cancel_kind::request_exit));
  all.push_back(ends().front());
  return all;
}

/// Ends of every kind, after which everything that may come still is tried.
std::vector<event> few_ends() {
  return {reaped({status_kind::exited, 0}, child_stage::sent, false),
          reaped({status_kind::signaled, SIGKILL}, child_stage::running, false),
          reaped({status_kind::dumped, SIGABRT}, child_stage::running, true),
          reaped({status_kind::lost, 0}, child_stage::setup, false)};
}

class exploration {
 public:
  void start(const policy& rules) {
    // A deadline is told alike, whether or not one was asked for.
    all_.add(checked_run{rules}, graph::none, {});
  }

  /// Goes on until no event leads to a state that no run has been in, or to the first failure: a
  /// machine that has gone wrong may have states without end.
  void close() {
    auto const living = events_of_life();
    auto const dead = events_of_death();
    auto const chosen_ends = few_ends();
    for (std::size_t n = 0; n != all_.size() && first_failure_.empty(); ++n) {
      deepest_ = std::max(deepest_, all_.depth(n));
      bool const lives = !all_.run(n).seen().end;
      for (auto const& e : lives ? living : dead) try_event(n, e);
      if (!lives) continue;
      ++living_;
      for (auto const& e : chosen_ends) try_event(n, e);
      for (auto const& e : ends()) end_at_once(n, e);
    }
  }

  void report() const {
    BOOST_TEST(first_failure_.empty(), first_failure_);
    BOOST_TEST_MESSAGE(all_.size() << " states, " << living_ << " of them before the child's end, "
                                   << steps_ << " steps; no state is farther than " << deepest_
                                   << " events from the start");
  }
  std::size_t states() const { return all_.size(); }

 private:
  void try_event(std::size_t n, const event& e) {
    if (e.type == event::what::frame && !may_follow(all_.run(n).seen().frame, e)) return;
    checked_run next = all_.run(n);
    step(next, e, n);
    all_.add(next, n, e);
  }

  /// The child ends, and nothing else happens.
  void end_at_once(std::size_t n, const event& end) {
    checked_run next = all_.run(n);
    step(next, end, n);
    step(next, plain(event::what::drained), n);
    if (!next.complete()) step(next, plain(event::what::symbolised), n);
    if (!next.complete()) fail("a run does not end", n, end);
  }

  void step(checked_run& run, const event& e, std::size_t n) {
    ++steps_;
    auto const before = run.failures();
    run.step(e);
    if (run.failures() != before) fail(run.first_failure(), n, e);
  }
  void fail(const char* what, std::size_t n, const event& e) {
    if (!first_failure_.empty()) return;
    first_failure_ = what;
    first_failure_ += ": " + all_.path(n) + ", then " + describe(e);
  }

  graph all_;
  std::size_t living_ = 0;
  std::size_t steps_ = 0;
  unsigned deepest_ = 0;
  std::string first_failure_;
};

}  // namespace run_exploration_test

BOOST_AUTO_TEST_SUITE(run_exploration)

using namespace run_exploration_test;

BOOST_AUTO_TEST_CASE(every_state_that_a_run_can_come_to) {
  exploration all;
  for (bool const grace : {false, true})
    for (bool const early : {false, true})
      for (bool const asks : {false, true})
        all.start({.timeout = true, .grace = grace, .early = early, .asks_callable = asks});
  all.close();
  all.report();
  BOOST_TEST(all.states() > 10'000u);
}

BOOST_AUTO_TEST_CASE(a_timeout_changes_the_start_alone) {
  policy rules{.timeout = true};
  machine_type with{rules};
  BOOST_TEST((with.started() == action::arm_deadline));
  rules.timeout = false;
  machine_type without{rules};
  BOOST_TEST((without.started() == action::none));
}

BOOST_AUTO_TEST_SUITE_END()
