// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "pool_inspection.hpp"
#include "pool_world.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdlib>
#include <deque>
#include <functional>
#include <ostream>
#include <set>
#include <sstream>
#include <string>
#include <unordered_set>
#include <vector>

namespace pool_exploration_test {

using namespace pool_world;

struct event {
  enum class what {
    submit,
    submit_that_listens,
    submit_that_waits,
    submit_that_is_due,
    submit_never_ahead,
    // One job.
    cancel,
    request_exit,
    withdraw,
    cut_off,
    // One worker.
    ready,
    fail,
    work,
    hear,
    obey,
    die,
    freeze,
    lie,
    leave,
    fall_ill,
    errand,
    retire,
    // The pool.
    refuse_next_start,
    pass,
    recycle,
    restart,
    resume,
    shrink,
    grow,
    disown,
    stop,
  };
  what type = what::pass;
  /// The worker or the job, by its place in the order in which they came.
  unsigned char of = 0;
};

std::ostream& operator<<(std::ostream& os, event::what type) {
  constexpr std::array names{"submit",
                             "submit_that_listens",
                             "submit_that_waits",
                             "submit_that_is_due",
                             "submit_never_ahead",
                             "cancel",
                             "request_exit",
                             "withdraw",
                             "cut_off",
                             "ready",
                             "fail",
                             "work",
                             "hear",
                             "obey",
                             "die",
                             "freeze",
                             "lie",
                             "leave",
                             "fall_ill",
                             "errand",
                             "retire",
                             "refuse_next_start",
                             "pass",
                             "recycle",
                             "restart",
                             "resume",
                             "shrink",
                             "grow",
                             "disown",
                             "stop"};
  return os << names.at(static_cast<std::size_t>(type));
}
std::ostream& operator<<(std::ostream& os, const event& e) {
  return os << e.type << ' ' << static_cast<int>(e.of);
}

/// A small pool, and what happens to it.
struct setting {
  const char* name;
  pool_policy policy;
  std::size_t most_jobs;
  std::vector<event::what> events;
  /// Every state that so many events lead to is visited, or every state if there are no more.
  std::size_t depth;
  /// Comes before them.
  std::vector<event> before{};
};

class playground {
 public:
  explicit playground(const setting& rules) : rules_{rules}, world_{rules.policy} {}

  /// Calls the function with every event that may come now.
  template <class Function>
  void for_each_event(Function function) {
    for (auto const type : rules_.events) {
      std::size_t const count = is_of_job(type)      ? unfinished().size()
                                : is_of_worker(type) ? world_.workers.size()
                                                     : 1;
      for (std::size_t i = 0; i != count; ++i) {
        event const e{type, static_cast<unsigned char>(i)};
        if (may_come(e)) function(e);
      }
    }
  }

  void apply(const event& e) {
    switch (e.type) {
      case event::what::submit: world_.submit(); break;
      case event::what::submit_that_listens: world_.submit(10ms, 20ms, {.listens = true}); break;
      case event::what::submit_that_waits: world_.wish({.waits_for_room = true}); break;
      case event::what::submit_that_is_due: world_.due(5ms); break;
      case event::what::submit_never_ahead: world_.wish({.is_never_ahead = true}); break;
      case event::what::cancel: world_.cancel(*unfinished()[e.of]); break;
      case event::what::request_exit:
        world_.cancel(*unfinished()[e.of], cancel_kind::request_exit);
        break;
      case event::what::withdraw: world_.withdraw(*unfinished()[e.of]); break;
      case event::what::cut_off: world_.cut_off(*unfinished()[e.of]); break;
      case event::what::ready: world_.ready(at(e)); break;
      case event::what::fail: world_.fail(at(e)); break;
      case event::what::work: world_.work(at(e)); break;
      case event::what::hear: world_.hear(at(e)); break;
      case event::what::obey:
      case event::what::die: world_.die(at(e)); break;
      case event::what::freeze: at(e).frozen = true; break;
      case event::what::lie: world_.lie(at(e)); break;
      case event::what::leave:
        // The worker does nothing more, and leaves.
        at(e).frozen = true;
        world_.leave(at(e));
        break;
      case event::what::fall_ill: at(e).healthy = false; break;
      case event::what::errand: world_.errand(at(e)); break;
      case event::what::retire: world_.retire(at(e)); break;
      case event::what::refuse_next_start: world_.refusals = 1; break;
      case event::what::pass: world_.pass(world_.machine.wakeup() - world_.now); break;
      case event::what::recycle: world_.recycle(); break;
      case event::what::restart: world_.restart(); break;
      case event::what::resume: world_.resume(); break;
      case event::what::shrink: world_.resize(1); break;
      case event::what::grow: world_.resize(rules_.policy.workers); break;
      case event::what::disown: world_.disown(); break;
      case event::what::stop: world_.stop(); break;
    }
  }

  std::string key() { return pool_inspection::key(world_); }

  /// The world's own checks hold in every step. These hold in between.
  void check() {
    auto& machine = world_.machine;
    auto const waiting = unfinished();
    expect(machine.idle() == waiting.empty(), "no job is lost");
    expect(machine.running() + machine.waiting() == waiting.size(), "every job is counted once");
    auto const staying =
        static_cast<std::size_t>(std::count_if(world_.workers.begin(), world_.workers.end(),
                                               [](auto const& each) { return each->stays(); }));
    std::size_t const at_once = std::max<std::size_t>(rules_.policy.recycle.max_unavailable, 1);
    expect(staying <= rules_.policy.workers + at_once, "no more workers go on than there may be");
    expect(machine.workers() == world_.workers.size(), "every worker is known");
    for (auto const& each : world_.jobs) expect(each.begun <= 1, "no job begins twice");
    if (machine.stopped())
      expect(waiting_in_queue() == 0, "no job waits for a pool that is stopped");
  }

  /// Every job ends if every worker does what it is told to and time goes by. A process that was
  /// stopped in the middle of a job goes on.
  void come_to_an_end() {
    constexpr int enough = 500;
    for (int round = 0; !unfinished().empty(); ++round) {
      expect(round != enough, "every job ends");
      for (auto* const who : world_.all())
        if (auto* const at = who->current(); at && at->state != worker::slot::offered)
          who->frozen = false;
      for (auto* const who : world_.all())
        if (!who->ready() && who->stays() && !who->signalled) world_.ready(*who);
      work_and_obey();
      if (!unfinished().empty()) let_time_go_by();
    }
    world_.stop();
    for (int round = 0; !world_.workers.empty(); ++round) {
      expect(round != enough, "every worker ends");
      work_and_obey();
      let_time_go_by();
    }
    expect(world_.machine.workers() == 0 && world_.machine.idle(), "a pool that is stopped ends");
    for (auto const& each : world_.jobs) expect(each.became != fate::waiting, "each job is told");
  }

 private:
  static bool is_of_job(event::what type) {
    return type >= event::what::cancel && type <= event::what::cut_off;
  }
  static bool is_of_worker(event::what type) {
    return type >= event::what::ready && type <= event::what::retire;
  }
  worker& at(const event& e) { return *world_.workers[e.of]; }

  void work_and_obey() {
    for (auto* const who : world_.all())
      for (int left = 4; left != 0; --left) world_.do_one(*who);
    world_.obey();
  }
  void let_time_go_by() {
    if (world_.machine.wakeup() != moment::max())
      world_.pass(std::max<std::chrono::nanoseconds>(world_.machine.wakeup() - world_.now, 1ms));
  }

  std::vector<job*> unfinished() {
    std::vector<job*> all;
    for (auto& each : world_.jobs)
      if (each.became == fate::waiting) all.push_back(&each);
    return all;
  }
  std::size_t waiting_in_queue() {
    return static_cast<std::size_t>(std::count_if(
        world_.jobs.begin(), world_.jobs.end(),
        [](const job& each) { return each.became == fate::waiting && each.worker() == nullptr; }));
  }

  bool may_come(const event& e) {
    auto& machine = world_.machine;
    switch (e.type) {
      case event::what::submit:
      case event::what::submit_that_listens:
      case event::what::submit_that_waits:
      case event::what::submit_that_is_due:
      case event::what::submit_never_ahead:
      case event::what::errand: return unfinished().size() < rules_.most_jobs;
      case event::what::ready:
      case event::what::fail:
        return !at(e).ready() && !at(e).signalled && !at(e).told_to_retire && !at(e).frozen;
      case event::what::work: return at(e).ready() && !at(e).frozen && at(e).current() != nullptr;
      case event::what::hear: return !at(e).replies.empty();
      case event::what::obey:
        return at(e).signalled ||
               (at(e).told_to_retire && at(e).current() == nullptr && !at(e).frozen);
      case event::what::die: return !at(e).signalled;
      case event::what::freeze: return !at(e).frozen;
      case event::what::lie: return at(e).ready() && at(e).first() != nullptr;
      case event::what::leave: {
        auto* const first = at(e).current();
        return at(e).ready() && !at(e).frozen && !at(e).signalled && first != nullptr &&
               first->state == worker::slot::offered && at(e).first() == first->what;
      }
      case event::what::fall_ill: return at(e).ready() && at(e).healthy;
      case event::what::retire: return at(e).ready();
      case event::what::refuse_next_start: return world_.refusals == 0;
      case event::what::pass: return machine.wakeup() != moment::max();
      case event::what::shrink: return machine.size() != 1;
      case event::what::grow: return machine.size() != rules_.policy.workers;
      case event::what::stop: return !machine.stopped();
      default: return true;
    }
  }

  const setting& rules_;
  world world_;
};

/// Visits states in the order of their distance from the start. A world cannot be copied, so each
/// visit begins at the start.
class exploration {
 public:
  explicit exploration(const setting& rules) : rules_{rules} {}

  /// @param depth how many events after the setting's own
  void visit(std::size_t depth) {
    {
      playground ground{rules_};
      lead(ground, {});
      add(ground.key(), {});
    }
    while (!open_.empty() && open_.front().size() <= depth) {
      path const to = std::move(open_.front());
      open_.pop_front();
      ++visited_;
      deepest_ = to.size();
      try {
        visit_one(to);
      } catch (...) {
        std::ostringstream text;
        for (auto const& e : to) text << e << ", ";
        BOOST_TEST_MESSAGE(rules_.name << ": after " << text.str() << "then " << last_);
        throw;
      }
    }
  }
  void report() const {
    BOOST_TEST_MESSAGE(rules_.name << ": " << visited_ << " states, "
                                   << (open_.empty() ? "all there are" : "all") << " up to "
                                   << deepest_ << " events from the start; " << known_.size()
                                   << " known, " << steps_ << " steps");
  }
  bool is_closed() const { return open_.empty(); }
  std::size_t depth() const { return deepest_; }
  bool has_met(event::what type) const { return met_.contains(type); }

 private:
  using path = std::vector<event>;

  void add(std::string&& key, path&& to) {
    if (known_.insert(std::move(key)).second) open_.push_back(std::move(to));
  }
  void lead(playground& ground, const path& to) {
    for (auto const* const part : {&rules_.before, &to})
      for (auto const& e : *part) {
        ground.apply(e);
        ++steps_;
      }
  }
  void visit_one(const path& to) {
    std::vector<event> next;
    {
      last_ = {};
      playground ground{rules_};
      lead(ground, to);
      ground.check();
      ground.for_each_event([&](const event& e) { next.push_back(e); });
      ground.come_to_an_end();
    }
    for (auto const& e : next) {
      last_ = e;
      met_.insert(e.type);
      playground ground{rules_};
      lead(ground, to);
      ground.apply(e);
      ++steps_;
      path longer = to;
      longer.push_back(e);
      add(ground.key(), std::move(longer));
    }
  }

  const setting& rules_;
  std::unordered_set<std::string> known_;
  std::deque<path> open_;
  std::set<event::what> met_;
  event last_;
  std::size_t visited_ = 0;
  std::size_t deepest_ = 0;
  std::size_t steps_ = 0;
};

using what = event::what;

using events = std::vector<what>;

events operator+(events all, const events& more) {
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

const events of_jobs{what::submit, what::cancel, what::withdraw, what::ready, what::work,
                     what::hear,   what::obey,   what::die,      what::pass};
const events of_workers{what::submit, what::ready,  what::fail, what::work,
                        what::hear,   what::obey,   what::die,  what::refuse_next_start,
                        what::pass,   what::resume, what::stop};
/// The worker of a state is not recycled, and there is one of them.
const events of_states{what::submit, what::submit_that_listens,
                       what::cancel, what::request_exit,
                       what::ready,  what::fail,
                       what::work,   what::hear,
                       what::obey,   what::die,
                       what::freeze, what::lie,
                       what::leave,  what::errand,
                       what::retire, what::refuse_next_start,
                       what::pass,   what::restart,
                       what::resume, what::disown,
                       what::stop};
const events everything = of_states + events{what::submit_that_is_due,
                                             what::submit_never_ahead,
                                             what::withdraw,
                                             what::cut_off,
                                             what::recycle,
                                             what::shrink,
                                             what::grow};
const events of_starts{what::submit, what::submit_that_is_due,
                       what::cancel, what::ready,
                       what::fail,   what::work,
                       what::obey,   what::die,
                       what::freeze, what::errand,
                       what::retire, what::refuse_next_start,
                       what::pass,   what::recycle,
                       what::resume, what::restart,
                       what::disown, what::shrink,
                       what::grow,   what::stop};
const events of_a_queue{what::submit,
                        what::submit_that_waits,
                        what::submit_that_is_due,
                        what::cancel,
                        what::withdraw,
                        what::cut_off,
                        what::errand,
                        what::ready,
                        what::work,
                        what::hear,
                        what::die,
                        what::obey,
                        what::recycle,
                        what::pass,
                        what::stop};
const events of_health{what::submit, what::errand,   what::withdraw, what::ready,  what::work,
                       what::hear,   what::fall_ill, what::freeze,   what::leave,  what::obey,
                       what::die,    what::recycle,  what::pass,     what::disown, what::stop};

/// A worker has been sent a job.
const std::vector<event> one_has_a_job{{what::submit}, {what::ready}};
/// A worker runs a job.
const std::vector<event> one_runs{{what::submit}, {what::ready}, {what::work}, {what::work}};

const std::vector<setting> settings{
    {"one worker, one job", {.workers = 1}, 1, of_jobs, 10},
    {"one worker that may not start", {.workers = 1}, 1, of_workers, 7},
    {"one worker for each job", {.workers = 1, .max_jobs_per_worker = 1}, 1, of_jobs, 6},
    {"two workers, two jobs", {.workers = 2}, 2, of_jobs, 5},
    {"two workers that start", {.workers = 2}, 1, of_starts, 3},
    {"two workers that run jobs", {.workers = 2}, 3, everything, 2, one_runs},
    {"workers that come and go",
     {.workers = 2, .idle_timeout = 1s, .min_workers = 0, .startup = {.timeout = 1s}},
     2,
     everything,
     2,
     one_runs},
    {"workers whose output is told apart",
     {.workers = 2, .attributes_output = true},
     2,
     everything,
     2,
     one_runs},
    {"workers with slots",
     {.workers = 2, .recycle = {.age = 20s}, .seats = seating::until_end},
     2,
     everything,
     2,
     one_runs},
    {"a queue with room for one", {.workers = 1, .max_queued = 1}, 3, of_a_queue, 3, one_runs},
    {"workers that are asked for their health",
     {.workers = 2, .recycle = {.checks_health = true}},
     2,
     of_health,
     3,
     one_runs},
    {"a state that is made again",
     {.workers = 1, .state = bound_state::restarts},
     2,
     of_states,
     3,
     one_has_a_job},
    {"a state that stays lost",
     {.workers = 1, .state = bound_state::stays_lost},
     2,
     of_states,
     3,
     one_has_a_job},
};

/// So many more events than the settings say.
std::size_t more_events() {
  auto const* const text = std::getenv("ISOLATTE_EXPLORED_EVENTS");
  return text != nullptr ? std::strtoull(text, nullptr, 10) : 0;
}

}  // namespace pool_exploration_test

BOOST_AUTO_TEST_SUITE(pool_exploration)

using namespace pool_exploration_test;

BOOST_AUTO_TEST_CASE(every_state_near_the_start) {
  for (auto const& rules : settings) {
    exploration all{rules};
    std::size_t const depth = rules.depth + more_events();
    all.visit(depth);
    all.report();
    BOOST_TEST_CONTEXT(rules.name) {
      BOOST_TEST((all.is_closed() || all.depth() == depth));
      for (auto const type : rules.events) BOOST_TEST(all.has_met(type), type << " never comes");
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
