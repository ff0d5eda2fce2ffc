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
#include <iterator>
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
    cancel,
    request_exit,
    ready,
    fail,
    work,
    hear,
    obey,
    die,
    freeze,
    lie,
    retire,
    refuse_next_start,
    pass,
    recycle,
    restart,
    resume,
    shrink,
    grow,
    stop,
  };
  what type = what::pass;
  /// The worker or the job, by its place in the order in which they came.
  unsigned char of = 0;
};

std::ostream& operator<<(std::ostream& os, const event& e) {
  constexpr std::array names{"submit",  "submit_that_listens",
                             "cancel",  "request_exit",
                             "ready",   "fail",
                             "work",    "hear",
                             "obey",    "die",
                             "freeze",  "lie",
                             "retire",  "refuse_next_start",
                             "pass",    "recycle",
                             "restart", "resume",
                             "shrink",  "grow",
                             "stop"};
  return os << names[static_cast<std::size_t>(e.type)] << ' ' << static_cast<int>(e.of);
}

/// A small pool, and what happens to it.
struct setting {
  const char* name;
  pool_policy policy;
  std::size_t most_jobs;
  std::vector<event::what> events;
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
      case event::what::cancel: world_.cancel(*unfinished()[e.of]); break;
      case event::what::request_exit:
        world_.cancel(*unfinished()[e.of], cancel_kind::request_exit);
        break;
      case event::what::ready: world_.ready(at(e)); break;
      case event::what::fail: world_.fail(at(e)); break;
      case event::what::work: world_.work(at(e)); break;
      case event::what::hear: world_.hear(at(e)); break;
      case event::what::obey:
      case event::what::die: world_.die(at(e)); break;
      case event::what::freeze: at(e).frozen = true; break;
      case event::what::lie: world_.lie(at(e)); break;
      case event::what::retire: world_.retire(at(e)); break;
      case event::what::refuse_next_start: world_.refusals = 1; break;
      case event::what::pass: world_.pass(world_.machine.wakeup() - world_.now); break;
      case event::what::recycle: world_.recycle(); break;
      case event::what::restart: world_.restart(); break;
      case event::what::resume: world_.resume(); break;
      case event::what::shrink: world_.resize(1); break;
      case event::what::grow: world_.resize(rules_.policy.workers); break;
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
      for (auto* const who : world_.all())
        for (int left = 4; left != 0; --left) world_.do_one(*who);
      world_.obey();
      if (world_.machine.wakeup() != moment::max() && !unfinished().empty())
        world_.pass(std::max<std::chrono::nanoseconds>(world_.machine.wakeup() - world_.now, 1ms));
    }
    world_.stop();
    for (int round = 0; !world_.workers.empty(); ++round) {
      expect(round != enough, "every worker ends");
      for (auto* const who : world_.all())
        for (int left = 4; left != 0; --left) world_.do_one(*who);
      world_.obey();
      if (world_.machine.wakeup() != moment::max())
        world_.pass(std::max<std::chrono::nanoseconds>(world_.machine.wakeup() - world_.now, 1ms));
    }
    expect(world_.machine.workers() == 0 && world_.machine.idle(), "a pool that is stopped ends");
    for (auto const& each : world_.jobs) expect(each.became != fate::waiting, "each job is told");
  }

 private:
  static bool is_of_job(event::what type) {
    return type == event::what::cancel || type == event::what::request_exit;
  }
  static bool is_of_worker(event::what type) {
    return type >= event::what::ready && type <= event::what::retire;
  }
  worker& at(const event& e) { return *world_.workers[e.of]; }

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
      case event::what::submit_that_listens: return unfinished().size() < rules_.most_jobs;
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

  /// @param most the states to visit, unless there are no more
  void visit(std::size_t most) {
    add(playground{rules_}.key(), {});
    while (!open_.empty() && visited_ != most) {
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
    BOOST_TEST_MESSAGE(rules_.name << ": " << visited_ << " states visited, "
                                   << (open_.empty() ? "all there are" : "the nearest")
                                   << ", up to " << deepest_ << " events from the start; "
                                   << known_.size() << " known, " << steps_ << " steps");
  }
  bool is_closed() const { return open_.empty(); }
  std::size_t visited() const { return visited_; }

 private:
  using path = std::vector<event>;

  void add(std::string&& key, path&& to) {
    if (known_.insert(std::move(key)).second) open_.push_back(std::move(to));
  }
  void replay(playground& ground, const path& to) {
    for (auto const& e : to) {
      ground.apply(e);
      ++steps_;
    }
  }
  void visit_one(const path& to) {
    std::vector<event> next;
    {
      last_ = {};
      playground ground{rules_};
      replay(ground, to);
      ground.check();
      ground.for_each_event([&](const event& e) { next.push_back(e); });
      ground.come_to_an_end();
    }
    for (auto const& e : next) {
      last_ = e;
      playground ground{rules_};
      replay(ground, to);
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
  event last_;
  std::size_t visited_ = 0;
  std::size_t deepest_ = 0;
  std::size_t steps_ = 0;
};

using what = event::what;

const std::vector<what> of_jobs{what::submit, what::cancel, what::ready, what::work,
                                what::hear,   what::obey,   what::die,   what::pass};
const std::vector<what> of_workers{what::submit, what::ready,  what::fail, what::work,
                                   what::hear,   what::obey,   what::die,  what::refuse_next_start,
                                   what::pass,   what::resume, what::stop};
const std::vector<what> everything{what::submit,  what::submit_that_listens,
                                   what::cancel,  what::request_exit,
                                   what::ready,   what::fail,
                                   what::work,    what::hear,
                                   what::obey,    what::die,
                                   what::freeze,  what::lie,
                                   what::retire,  what::refuse_next_start,
                                   what::pass,    what::recycle,
                                   what::restart, what::resume,
                                   what::shrink,  what::grow,
                                   what::stop};

/// The worker of a state is not recycled, and there is one of them.
const std::vector<what> of_states{what::submit, what::submit_that_listens,
                                  what::cancel, what::request_exit,
                                  what::ready,  what::fail,
                                  what::work,   what::hear,
                                  what::obey,   what::die,
                                  what::freeze, what::lie,
                                  what::retire, what::refuse_next_start,
                                  what::pass,   what::restart,
                                  what::resume, what::stop};

const std::vector<setting> settings{
    {"one worker, one job", {.workers = 1}, 1, of_jobs},
    {"one worker that may not start", {.workers = 1}, 1, of_workers},
    {"one worker for each job", {.workers = 1, .max_jobs_per_worker = 1}, 1, of_jobs},
    {"two workers, two jobs", {.workers = 2}, 2, of_jobs},
    {"two workers and everything", {.workers = 2}, 2, everything},
    {"workers that come and go",
     {.workers = 2, .idle_timeout = 1s, .min_workers = 0, .startup = {.timeout = 1s}},
     2,
     everything},
    {"a state that is made again", {.workers = 1, .state = bound_state::restarts}, 2, of_states},
    {"a state that stays lost", {.workers = 1, .state = bound_state::stays_lost}, 2, of_states},
    {"workers with slots",
     {.workers = 2, .recycle = {.age = 20s}, .seats = seating::until_end},
     1,
     everything},
};

/// More states are visited if the environment says how many.
std::size_t most_states() {
  auto const* const text = std::getenv("ISOLATTE_EXPLORED_STATES");
  return text != nullptr ? std::strtoull(text, nullptr, 10) : 1500;
}

}  // namespace pool_exploration_test

BOOST_AUTO_TEST_SUITE(pool_exploration)

using namespace pool_exploration_test;

BOOST_AUTO_TEST_CASE(the_states_nearest_to_the_start) {
  for (auto const& rules : settings) {
    exploration all{rules};
    all.visit(most_states());
    all.report();
    BOOST_TEST((all.is_closed() || all.visited() == most_states()));
  }
}

BOOST_AUTO_TEST_SUITE_END()
