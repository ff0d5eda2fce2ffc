// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_TEST_UNIT_POOL_WORLD_HPP
#define ISOLATTE_TEST_UNIT_POOL_WORLD_HPP

#include "logic/pool_machine.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <ostream>
#include <utility>
#include <vector>

namespace isolatte::inline v0_1::logic {

inline std::ostream& operator<<(std::ostream& os, stop_cause what) {
  constexpr const char* names[] = {"none",         "timeout",         "cancelled",
                                   "pool_stopped", "malformed_reply", "unresponsive",
                                   "outdated",     "start_timeout"};
  return os << names[static_cast<std::size_t>(what)];
}

}  // namespace isolatte::inline v0_1::logic

// A world of workers and jobs in which a pool's machine decides.

namespace pool_world {

using namespace isolatte::logic;
using namespace std::chrono_literals;
using kind = pool_action::kind;

/// The ways in which a job can end.
enum class fate {
  waiting,
  replied,
  pool_stopped,
  queue_full,
  gave_up,
  no_worker,
  not_begun,
  cancelled,
  expired,
  worker_gone,
  cut_off,
  state_lost,
  disowned,
  ran,
  not_received,
  unknown
};

inline fate fate_of(job_end end) {
  switch (end) {
    case job_end::pool_stopped: return fate::pool_stopped;
    case job_end::queue_full: return fate::queue_full;
    case job_end::gave_up: return fate::gave_up;
    case job_end::no_worker: return fate::no_worker;
    case job_end::not_begun: return fate::not_begun;
    case job_end::cancelled: return fate::cancelled;
    case job_end::expired: return fate::expired;
    case job_end::worker_gone: return fate::worker_gone;
    case job_end::cut_off: return fate::cut_off;
    case job_end::state_lost: return fate::state_lost;
    case job_end::disowned: return fate::disowned;
  }
  return fate::waiting;
}

inline fate fate_of(job_loss loss) {
  switch (loss) {
    case job_loss::ran: return fate::ran;
    case job_loss::not_received: return fate::not_received;
    case job_loss::unknown: return fate::unknown;
    case job_loss::none: break;
  }
  return fate::waiting;
}

inline std::ostream& operator<<(std::ostream& os, fate what) {
  constexpr const char* names[] = {"waiting",  "replied",     "pool_stopped", "queue_full",
                                   "gave_up",  "no_worker",   "not_begun",    "cancelled",
                                   "expired",  "worker_gone", "cut_off",      "state_lost",
                                   "disowned", "ran",         "not_received", "unknown"};
  return os << names[static_cast<std::size_t>(what)];
}

struct job final : pool_job {
  job(int n, std::optional<std::chrono::nanoseconds> timeout, std::chrono::nanoseconds longest,
      const job_wishes& wishes)
      : pool_job{timeout, longest, job_wishes{wishes}},
        number{n},
        grace{longest},
        listens{wishes.listens},
        is_never_ahead{wishes.is_never_ahead} {}
  int number;
  std::chrono::nanoseconds grace;
  bool listens;
  bool is_never_ahead;
  /// The worker whose state the job is meant for; 0: the next one that will be ready. Used with
  /// pools whose jobs are meant for a state.
  int meant_for = 0;
  fate became = fate::waiting;
  /// The cause for which the pool ended the worker that took the job along.
  stop_cause because = stop_cause::none;
  /// How many workers have begun it.
  int begun = 0;
  /// Only one worker may run the job, with a seat or without.
  bool is_errand = false;
  /// With which id it was given last.
  int id = 0;
  /// How often it was asked to stop, and when its grace is over.
  int asked = 0;
  moment asked_until{};
};

/// A worker as the world has it: a queue of jobs, a page, and a socket full of replies.
struct worker final : pool_worker {
  enum class slot { offered, receiving, begun, taken_back };
  struct sent {
    job* what;
    slot state;
    /// Another one each time that a job is given.
    int id;
  };

  explicit worker(int n) : number{n} {}

  auto seat() const { return pool_worker::slot(); }
  /// The first that the worker has not gone past.
  sent* current() {
    while (!inbox.empty() && inbox.front().state == slot::taken_back) inbox.pop_front();
    return inbox.empty() ? nullptr : &inbox.front();
  }

  int number;
  std::deque<sent> inbox;
  std::deque<sent> replies;
  bool alive = true;
  /// Somebody has stopped the process: it does nothing, but can be killed.
  bool frozen = false;
  bool told_to_retire = false;
  worker_memory memory;
  std::unique_ptr<job> check;
  bool healthy = true;
  std::optional<cancel_kind> signalled;
  /// Its page says of each job whatever it likes.
  std::function<bool(const job&)> lie;
};

/// Cheaper than BOOST_REQUIRE: random walks check millions of times.
inline void expect(bool holds, const char* what) {
  if (!holds) BOOST_FAIL(what);
}

/// Performs what the machine asks for, and checks that it may be asked.
class world {
 public:
  explicit world(const pool_policy& policy)
      : machine{policy}, is_bound_{policy.state != bound_state::none} {
    settle();
  }
  ~world() { machine.abandon(); }

  job& submit(std::optional<std::chrono::nanoseconds> timeout = {},
              std::chrono::nanoseconds grace = 0s, const job_wishes& wishes = {}) {
    auto& fresh = jobs.emplace_back(static_cast<int>(jobs.size()), timeout, grace, wishes);
    for (auto const& each : workers)
      if (each->ready() && each->stays()) fresh.meant_for = each->number;
    machine.submit(fresh, now);
    settle();
    return fresh;
  }
  job& wish(const job_wishes& wishes) { return submit({}, 0s, wishes); }
  /// A job with a deadline so far from now.
  job& due(std::chrono::nanoseconds in) { return wish({.rank = {.deadline = now + in}}); }
  void cancel(job& what, cancel_kind how = cancel_kind::terminate) {
    if (what.worker()) read(static_cast<worker&>(*what.worker()));
    machine.cancel(what, how, now);
    settle();
  }
  void cut_off(job& what) {
    if (what.worker()) read(static_cast<worker&>(*what.worker()));
    if (!what.done()) machine.cut_off(what, now);
    settle();
  }
  void withdraw(job& what) {
    if (what.worker()) read(static_cast<worker&>(*what.worker()));
    machine.withdraw(what, now);
    settle();
  }
  void ready(worker& who) {
    for (auto& each : jobs)
      if (each.meant_for == 0 && !each.done() && who.stays()) each.meant_for = who.number;
    machine.ready(who, now);
    settle();
  }
  void all_ready() {
    for (auto* const who : all())
      if (!who->ready()) ready(*who);
  }
  /// The worker goes on with what is in its inbox by one step: receives, begins, or ends a job.
  void work(worker& who) {
    if (!who.alive || who.frozen) return;
    auto* const at = who.current();
    if (!at) return;
    switch (at->state) {
      case worker::slot::offered: at->state = worker::slot::receiving; break;
      case worker::slot::receiving:
        at->state = worker::slot::begun;
        ++at->what->begun;
        break;
      case worker::slot::begun:
        who.replies.push_back(*at);
        who.inbox.pop_front();
        break;
      case worker::slot::taken_back: break;
    }
  }
  void begin(worker& who) {
    work(who);
    work(who);
  }
  void do_one(worker& who) {
    work(who);
    while (!who.frozen && who.current() && who.current()->state != worker::slot::offered) work(who);
    hear(who);
  }
  /// The event loop gets to the worker's replies.
  void hear(worker& who) {
    read(who);
    settle();
  }
  void die(worker& who, worker_end why = worker_end::by_itself) {
    who.alive = false;
    read(who);
    auto* const first = static_cast<job*>(who.first());
    job_stage const stage = first ? stage_of(who, *first) : job_stage::not_begun;
    lost_job const lost = machine.ended(who, stage, why, now);
    has_failed_to_start = lost.has_failed_to_start;
    if (lost.job) {
      auto& victim = static_cast<job&>(*lost.job);
      victim.because = who.stopped_for();
      complete(victim, fate_of(lost.how));
    }
    settle();
    std::erase_if(workers, [&](auto const& each) { return each.get() == &who; });
  }
  /// Workers that were signalled die, and those that were told to retire leave.
  void obey() {
    for (auto* const who : all())
      if (who->signalled || (who->told_to_retire && !who->current() && !who->frozen)) die(*who);
  }
  void pass(std::chrono::nanoseconds time) {
    now += time;
    machine.tick(now);
    settle();
    for (auto const& each : jobs)
      expect(each.asked == 0 || each.done() || now < each.asked_until ||
                 each.worker()->stopped_for() != stop_cause::none,
             "no job outlives its grace");
  }
  void stop() {
    machine.stop();
    settle();
  }
  /// The worker's initializer throws.
  void fail(worker& who) {
    machine.start_failed(who, now);
    settle();
    die(who);
  }
  /// The worker's bytes are no reply.
  void lie(worker& who) {
    machine.malformed(who);
    settle();
  }
  /// The worker's page does not let it begin its first job.
  void leave(worker& who) {
    machine.left_its_jobs(who);
    settle();
  }
  void recycle() {
    machine.recycle();
    settle();
  }
  /// The jobs that wait are not for the state that comes.
  void restart() {
    for (auto& each : jobs)
      if (each.meant_for == 0 && !each.done()) each.meant_for = -1;
    machine.restart();
    settle();
  }
  void resume() {
    machine.resume();
    settle();
  }
  void resize(std::size_t workers_wanted) {
    machine.resize(workers_wanted);
    settle();
  }
  void retire(worker& who) {
    machine.wear_out(who, retire_cause::asked);
    settle();
  }
  job& errand(worker& to, std::optional<std::chrono::nanoseconds> timeout = {},
              std::chrono::nanoseconds grace = 0s, const job_wishes& wishes = {}) {
    auto& fresh = jobs.emplace_back(static_cast<int>(jobs.size()), timeout, grace, wishes);
    fresh.is_errand = true;
    fresh.meant_for = to.number;
    machine.submit_errand(fresh, to, now);
    settle();
    return fresh;
  }
  /// This process is a copy of the program: the workers go on elsewhere.
  void disown() {
    machine.disown();
    settle();
    expect(machine.workers() == 0, "starts no worker before it has a job");
    expect(machine.stopped() || !is_bound_, "a state is the original's");
    workers.clear();
  }

  std::vector<worker*> all() {
    std::vector<worker*> result;
    for (auto const& each : workers) result.push_back(each.get());
    return result;
  }
  worker& only() {
    BOOST_REQUIRE(workers.size() == 1u);
    return *workers.front();
  }
  worker& nth(std::size_t n) {
    BOOST_REQUIRE(workers.size() > n);
    return *workers[n];
  }

  /// Workers that would take a job.
  std::size_t able() {
    return static_cast<std::size_t>(
        std::count_if(workers.begin(), workers.end(),
                      [](auto const& each) { return each->ready() && each->stays(); }));
  }

  pool_machine machine;
  moment now{1h};
  std::list<job> jobs;
  std::vector<std::unique_ptr<worker>> workers;
  /// The next so many workers are refused by the system.
  int refusals = 0;
  pool_action last_stop;
  int times_gone_back = 0;
  /// Whether the worker that died last counts as one that has not started.
  bool has_failed_to_start = false;

 private:
  void read(worker& who) {
    while (!who.replies.empty()) {
      auto const said = who.replies.front();
      who.replies.pop_front();
      if (who.first() != said.what || said.what->id != said.id) {
        expect(bool(who.lie), "replies come in order");
        who.replies.clear();
        return machine.malformed(who);
      }
      expect(&machine.replied(who, who.memory, now) == said.what, "the first job is done");
      if (said.what->is_check())
        machine.checked(who, who.healthy);
      else
        complete(*said.what, fate::replied);
    }
  }
  void complete(job& what, fate how) {
    if (what.is_check()) return;
    expect(what.became == fate::waiting, "a job completes once");
    expect(what.done(), "what is completed is done");
    if (what.asked != 0) {
      expect(how == fate::replied || how == fate::ran || how == fate::not_received ||
                 how == fate::disowned,
             "a job that was asked has begun");
      expect(what.stopped_for() == stop_cause::none || what.stopped_for() == what.asked_for(),
             "a worker is ended for the cause for which its job was asked");
    }
    what.became = how;
  }
  void settle() {
    for (int steps = 0;; ++steps) {
      expect(steps < 10'000, "the machine comes to rest");
      bool const could_go_back = machine.can_go_back();
      pool_action const todo = machine.next();
      auto* const who = static_cast<worker*>(todo.worker);
      auto* const what = static_cast<job*>(todo.job);
      if (who)
        expect(std::any_of(workers.begin(), workers.end(),
                           [&](auto const& each) { return each.get() == who; }),
               "asks nothing of a worker that is gone");
      switch (todo.what) {
        case kind::rest: return;
        case kind::start_worker:
          if (refusals > 0) {
            --refusals;
            machine.start_refused(now);
          } else {
            workers.push_back(std::make_unique<worker>(++workers_made_));
            machine.started(*workers.back(), todo.slot, now);
          }
          break;
        case kind::give:
          expect(who->alive && who->ready() && !who->told_to_retire && !who->signalled,
                 "gives jobs to workers that do them");
          for (auto const& each : workers)
            if (each.get() != who && !what->is_errand && !is_bound_ && who->seat() == each->seat())
              for (auto const& other : each->jobs())
                expect(static_cast<const job&>(other).is_errand,
                       "no two workers with jobs have the same slot");
          for (auto const& each : workers)
            for (auto const& sent : each->inbox)
              expect(!each->alive || each->lie || sent.what != what ||
                         sent.state == worker::slot::taken_back,
                     "a job is with one worker");
          expect(!is_bound_ || what->meant_for == who->number,
                 "a job meets the state that it is meant for");
          expect(!what->is_never_ahead || who->first() == what,
                 "a job that is never ahead goes to a worker without others");
          what->id = ++jobs_given_;
          who->inbox.push_back({what, worker::slot::offered, what->id});
          break;
        case kind::take_back: {
          bool const begun = has_begun(*who, *what);
          if (begun)
            machine.has_begun();
          else
            machine.taken_back();
          break;
        }
        // Somebody had stopped it, and it goes on.
        case kind::wake: who->frozen = false; break;
        case kind::look: machine.stage_is(stage_of(*who, *what)); break;
        case kind::read_replies: read(*who); break;
        case kind::check_health:
          who->check = std::make_unique<job>(-1, std::nullopt, 0ns, job_wishes{});
          who->check->is_errand = true;
          machine.submit_check(*who->check, *who, now);
          break;
        case kind::ask_to_stop:
          expect(who->alive && !who->signalled && who->first() == what,
                 "asks the first job of a worker that goes on");
          expect(what->listens && what->grace > 0ns && ++what->asked == 1,
                 "asks a job that listens, and once");
          expect(who->lie || stage_of(*who, *what) != job_stage::not_begun,
                 "asks no job that has not begun");
          what->asked_until = later(now, what->grace);
          break;
        case kind::retire:
          expect(who->jobs().empty(), "a worker that is told to leave has no job");
          who->told_to_retire = true;
          break;
        case kind::stop:
          expect(todo.how == cancel_kind::terminate ||
                     (who->first() && !static_cast<job*>(who->first())->listens),
                 "sends no polite signal for a job that listens");
          if (todo.how == cancel_kind::terminate || !who->signalled) who->signalled = todo.how;
          last_stop = todo;
          break;
        case kind::go_back:
          expect(could_go_back, "goes back if it was said that it may");
          ++times_gone_back;
          break;
        case kind::complete: complete(*what, fate_of(todo.end)); break;
      }
    }
  }
  static job_stage stage_of(worker& who, const job& what) {
    if (who.lie) return who.lie(what) ? job_stage::begun : job_stage::not_begun;
    auto const at = std::find_if(who.inbox.begin(), who.inbox.end(),
                                 [&](auto const& each) { return each.id == what.id; });
    expect(at != who.inbox.end(), "a job that is given is sent");
    switch (at->state) {
      case worker::slot::offered: return job_stage::not_begun;
      case worker::slot::receiving: return job_stage::receiving;
      default: return job_stage::begun;
    }
  }
  bool has_begun(worker& who, job& what) {
    if (who.lie) return who.lie(what);
    for (auto& each : who.inbox)
      if (each.what == &what && each.state == worker::slot::offered) {
        each.state = worker::slot::taken_back;
        return false;
      }
    return true;
  }

  bool is_bound_;
  int workers_made_ = 0;
  int jobs_given_ = 0;
};

/// A pool of so many workers, all of them initialised.
struct pool : world {
  explicit pool(const pool_policy& policy) : world{policy} { all_ready(); }
};

}  // namespace pool_world

#endif
