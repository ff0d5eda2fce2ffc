// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_TEST_FARM_FARM_WORLD_HPP
#define ISOLATTE_TEST_FARM_FARM_WORLD_HPP

#include "nats/logic/audit.hpp"
#include "nats/logic/credit.hpp"
#include "nats/logic/farm_job.hpp"
#include "nats/logic/held_parcel.hpp"
#include "nats/logic/parcels.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

/// A server, hosts and a farm of one submitter in one thread and without any clock: the machines
/// are wired together, and a random engine decides what happens when.
namespace farm_model {

using namespace isolatte::nats::logic;
using std::chrono::milliseconds;

constexpr milliseconds lease{1000};

/// The faults that there may be in a world.
struct faults {
  bool hosts_die = false;
  bool links_break = false;
  bool server_restarts = false;
  bool store_is_lost = false;
  bool messages_are_lost = false;
  bool cancels = false;
  /// The farm is cut off before it has an answer, and the server finds duplicates for two leases.
  bool duplicates_are_stored = false;
};

struct job_on_the_way {
  std::uint64_t number = 0;
  std::uint32_t attempt = 1;
  std::uint32_t lost_before = 0;
  std::uint32_t max_hosts = 1;
};

struct result_on_the_way {
  std::uint64_t number = 0;
  std::uint32_t attempt = 1;
  told what = told::report;
  std::uint32_t deliveries = 1;
  std::uint64_t holder = 0;
  bool ran = false;
};

/// The truth about a job.
struct truth {
  std::uint32_t max_hosts = 1;
  int begun = 0;
  int running = 0;
  int at_once = 0;
  int settled = 0;
  job_verdict verdict{};
  /// The report says that the job ran.
  bool report_ran = false;
};

class world;

/// JetStream, as far as a farm knows it.
class server {
 public:
  explicit server(world& w) : world_{w} {}

  struct answer {
    std::optional<std::uint64_t> place{};
    bool full = false;
  };
  struct state {
    std::uint64_t stream = 0, first = 1, last = 0, delivered = 0, deliveries = 0;
  };

  answer store(std::uint64_t id, const std::vector<job_on_the_way>& jobs);
  void pull(std::size_t host, int connection, std::size_t count);
  void acknowledge(std::uint64_t stream, std::uint64_t place);
  void renew(std::uint64_t stream, std::uint64_t place);
  void remove(std::uint64_t place) { messages_.erase(place); }
  bool has(std::uint64_t place) const { return messages_.contains(place); }
  state info() const;
  void store_results(const std::string& id, const std::vector<result_on_the_way>& results);
  void push_results();
  void results_taken(std::uint64_t place) { results_.erase(place); }
  void forget_connection(std::size_t host) {
    std::erase_if(pulls_, [&](auto const& p) { return p.host == host; });
  }
  void restart(bool keeps_store);
  void pulse();

  std::uint64_t stream() const { return stream_; }
  std::uint64_t incarnation() const { return incarnation_; }
  bool empty() const { return messages_.empty(); }
  void farm_is_here() { has_farm_ = true; }

 private:
  struct message {
    std::vector<job_on_the_way> jobs{};
    std::uint64_t id = 0;
    std::uint32_t deliveries = 0;
    /// Nothing: it may be handed out.
    std::optional<moment> pending_until{};
  };
  struct pulling {
    std::size_t host = 0;
    int connection = 0;
    std::size_t count = 0;
  };

  world& world_;
  std::uint64_t stream_ = 1;
  std::uint64_t incarnation_ = 1;
  std::uint64_t last_ = 0;
  std::uint64_t delivered_ = 0;
  std::uint64_t deliveries_ = 0;
  std::map<std::uint64_t, message> messages_{};
  std::map<std::uint64_t, message> taken_lately_{};
  struct known {
    std::uint64_t place = 0;
    moment until{};
  };
  std::map<std::uint64_t, known> known_ids_{};
  std::vector<pulling> pulls_{};
  bool has_farm_ = true;
  std::uint64_t last_result_ = 0;
  std::map<std::uint64_t, std::vector<result_on_the_way>> results_{};
  std::set<std::string> known_results_{};
};

/// Performs what the machines of a farm decide.
class farm {
 public:
  explicit farm(world& w);

  void submit(std::uint32_t max_hosts, moment begin_by);
  void cancel(std::uint64_t number, wish how);
  void connect();
  void disconnect();
  void results(const std::vector<result_on_the_way>& all);
  leave leave_asked(const result_on_the_way& of);
  void pulse();
  int connection() const { return connection_; }
  std::size_t size() const { return jobs_.size(); }

 private:
  void perform(std::uint64_t number, job_step todo, bool was_told = false);
  void flush();
  void publish(std::uint64_t parcel);
  void look();
  void tell_examined(const audit::question& about, finding what);

  world& world_;
  int connection_ = -1;
  audit audit_{lease};
  moment last_look_ = moment::min();
  std::uint64_t known_incarnation_ = 0;
  std::uint64_t known_stream_ = 0;
  std::map<std::uint64_t, farm_job> jobs_{};
  parcels parcels_;
  std::map<std::uint64_t, std::vector<job_on_the_way>> sent_{};
};

/// Performs what the machines of a host decide; runs jobs.
class host {
 public:
  host(world& w, std::size_t index) : world_{w}, index_{index} {}

  void connect();
  void disconnect();
  void die();
  void drain();
  void end();
  void message(std::uint64_t stream, std::uint64_t place, std::uint32_t deliveries,
               const std::vector<job_on_the_way>& jobs);
  void requested(std::uint64_t number, wish what);
  void pulse();
  int connection() const { return connection_; }
  bool idle() const { return held_.empty() && pool_.empty(); }

 private:
  struct holding {
    std::uint64_t stream = 0, place = 0;
    std::vector<job_on_the_way> jobs{};
    std::vector<std::uint64_t> holders{};
    std::vector<bool> ran{};
    held_parcel machine;
    std::map<std::uint64_t, std::vector<result_on_the_way>> batches{};
  };
  struct running {
    std::uint64_t holding = 0;
    std::size_t job = 0;
    std::uint64_t number = 0;
    bool begun = false;
    moment until = moment::max();
  };

  void apply(std::uint64_t id, parcel_step todo);
  void perform(std::uint64_t id, std::size_t job, held_step todo);
  void publish(std::uint64_t id, std::uint64_t batch);
  void end(std::vector<running>::iterator which);
  std::vector<running>::iterator find(std::uint64_t id, std::size_t job);
  result_on_the_way result_of(const holding& of, std::size_t job, told what) const;

  world& world_;
  std::size_t index_;
  int connection_ = -1;
  moment renew_at_{};
  std::uint64_t pulls_ = 0;
  credit credit_{{.workers = 3}};
  std::map<std::uint64_t, holding> held_{};
  std::vector<running> pool_{};
};

class world {
  // Its parts read it while they are made.
  faults const faults_;

 public:
  world(std::uint32_t seed, const faults& what);

  /// Lets things happen until every job is settled and every message gone.
  void live();
  /// Lets one fault happen while jobs wait and run, and no other one.
  /// @param fault says how long it lasts
  /// @return the time from the end of the fault until every job is settled
  milliseconds live_through(const std::function<milliseconds(world&)>& fault);
  const std::map<std::uint64_t, truth>& jobs() const { return truths; }
  const faults& may() const { return faults_; }

  /// Parcels of which the farm will not know whether they have been stored.
  int unanswered = 0;
  /// Parcels that the server has stored once more.
  int stored_again = 0;

  // For its parts.
  moment known_until() const {
    return faults_.duplicates_are_stored ? now + 2 * lease : moment::max();
  }
  moment now{};
  std::map<std::uint64_t, truth> truths{};
  server hub{*this};
  farm owner{*this};
  std::vector<std::unique_ptr<host>> hosts{};

  std::int64_t below(std::int64_t end) {
    return std::uniform_int_distribution<std::int64_t>{0, end - 1}(engine_);
  }
  bool one_in(std::int64_t n) { return below(n) == 0; }
  milliseconds some(int most) { return milliseconds{below(most) + 1}; }
  std::uint64_t fresh() { return ++last_fresh_; }
  int fresh_connection() { return ++last_connection_; }

  /// Does something after the time of a message, unless the connection is another one then.
  /// @param kept_by says the connection
  void send(std::function<int()> kept_by, std::function<void()> what) {
    int const connection = kept_by();
    if (connection < 0) return;
    queue_.emplace(now + some(60),
                   [kept_by = std::move(kept_by), connection, what = std::move(what)] {
                     if (kept_by() == connection) what();
                   });
  }
  void after(milliseconds time, std::function<void()> what) {
    queue_.emplace(now + time, std::move(what));
  }
  bool loses_message() { return faulty_ && faults_.messages_are_lost && one_in(10); }
  bool loses_answer() { return faulty_ && faults_.duplicates_are_stored && one_in(6); }
  void cut_farm_off() {
    owner.disconnect();
    after(some(3000), [this] { owner.connect(); });
  }
  void restart_server(bool keeps_store) {
    for (auto& each : hosts) each->disconnect();
    owner.disconnect();
    hub.restart(keeps_store);
  }
  void connect_all() {
    owner.connect();
    for (auto& each : hosts) each->connect();
  }

 private:
  void fault();
  void do_what_is_due();
  void pulse();
  bool has_settled(std::size_t jobs) const;

  std::mt19937 engine_;
  bool faulty_ = true;
  std::multimap<moment, std::function<void()>> queue_{};
  std::uint64_t last_fresh_ = 0;
  int last_connection_ = 0;
};

[[noreturn]] inline void fail(const std::string& why) { throw std::runtime_error(why); }

// The server.

inline server::answer server::store(std::uint64_t id, const std::vector<job_on_the_way>& jobs) {
  auto const before = known_ids_.find(id);
  if (before != known_ids_.end() && world_.now < before->second.until)
    return {before->second.place};
  if (messages_.size() >= 12) return {std::nullopt, true};
  messages_[++last_] = {jobs, id, 0, std::nullopt};
  world_.stored_again += before != known_ids_.end() ? 1 : 0;
  known_ids_[id] = {last_, world_.known_until()};
  return {last_};
}

inline void server::pull(std::size_t host, int connection, std::size_t count) {
  pulls_.push_back({host, connection, count});
  pulse();
}

inline void server::acknowledge(std::uint64_t stream, std::uint64_t place) {
  if (stream != stream_) return;
  if (auto const found = messages_.find(place); found != messages_.end()) {
    taken_lately_[place] = found->second;
    messages_.erase(found);
  }
}

inline void server::renew(std::uint64_t stream, std::uint64_t place) {
  if (stream != stream_) return;
  auto const found = messages_.find(place);
  if (found != messages_.end() && found->second.pending_until)
    found->second.pending_until = world_.now + lease;
}

inline server::state server::info() const {
  return {stream_, messages_.empty() ? last_ + 1 : messages_.begin()->first, last_, delivered_,
          deliveries_};
}

inline void server::store_results(const std::string& id,
                                  const std::vector<result_on_the_way>& results) {
  if (!has_farm_ || !known_results_.insert(id).second) return;
  results_[++last_result_] = results;
  push_results();
}

inline void server::push_results() {
  for (auto const& [place, results] : results_)
    world_.send([&w = world_] { return w.owner.connection(); },
                [this, place = place, results = results] {
                  world_.owner.results(results);
                  if (!world_.one_in(8)) results_taken(place);
                });
}

inline void server::restart(bool keeps_store) {
  ++incarnation_;
  pulls_.clear();
  known_results_.clear();
  if (!keeps_store) {
    ++stream_;
    last_ = delivered_ = deliveries_ = 0;
    messages_.clear();
    taken_lately_.clear();
    known_ids_.clear();
    results_.clear();
    has_farm_ = false;
    return;
  }
  // A message that was acknowledged lately may be back, and no delivery is remembered.
  for (auto& [place, message] : taken_lately_)
    if (world_.one_in(3)) messages_.emplace(place, message);
  taken_lately_.clear();
  known_ids_.clear();
  for (auto& [place, message] : messages_) {
    known_ids_[message.id] = {place, world_.known_until()};
    message.deliveries = 0;
    message.pending_until.reset();
  }
  delivered_ = static_cast<std::uint64_t>(world_.below(static_cast<std::int64_t>(delivered_) + 1));
}

inline void server::pulse() {
  std::erase_if(pulls_, [this](auto const& each) {
    return world_.hosts[each.host]->connection() != each.connection;
  });
  for (auto& [place, message] : messages_) {
    if (message.pending_until && *message.pending_until > world_.now) continue;
    if (pulls_.empty()) return;
    auto& pull = pulls_.front();
    std::size_t const to = pull.host;
    if (--pull.count == 0) pulls_.erase(pulls_.begin());
    ++message.deliveries;
    message.pending_until = world_.now + lease;
    delivered_ = std::max(delivered_, place);
    ++deliveries_;
    world_.send([&w = world_, to] { return w.hosts[to]->connection(); },
                [&w = world_, to, stream = stream_, place = place, jobs = message.jobs,
                 deliveries = message.deliveries] {
                  w.hosts[to]->message(stream, place, deliveries, jobs);
                });
  }
  // A request finds no message: the consumer passes the places of those that have been deleted.
  if (!pulls_.empty()) delivered_ = last_;
}

// The farm.

inline void farm::submit(std::uint32_t max_hosts, moment begin_by) {
  std::uint64_t const number = jobs_.size() + 1;
  world_.truths[number].max_hosts = max_hosts;
  auto& job = jobs_.emplace(number, job_rules{lease, max_hosts, begin_by}).first->second;
  perform(number, job.start(connection_ >= 0));
}

inline void farm::cancel(std::uint64_t number, wish how) {
  perform(number, jobs_.at(number).cancel(world_.now, how));
}

inline farm::farm(world& w)
    : world_{w},
      parcels_{{.jobs = 4,
                .time = std::chrono::hours{1},
                .unanswered = 2,
                .again_within = w.may().duplicates_are_stored
                                    ? std::chrono::nanoseconds{lease}
                                    : std::chrono::nanoseconds{std::chrono::hours{1}}}} {}

inline void farm::publish(std::uint64_t parcel) {
  parcels_.published(parcel, world_.now);
  world_.send(
      [this] { return connection_; },
      [this, parcel] {
        auto const found = sent_.find(parcel);
        if (found == sent_.end()) return;
        auto const answer = world_.hub.store(parcel, found->second);
        if (world_.loses_answer()) return world_.cut_farm_off();
        world_.send(
            [this] { return connection_; },
            [this, parcel, answer] {
              auto const sent = sent_.find(parcel);
              if (sent == sent_.end()) return;
              auto const jobs = sent->second;
              sent_.erase(sent);
              auto const here = parcels_.jobs(parcel);
              if (answer.full) {
                for (auto const number : parcels_.refused(parcel))
                  perform(number, jobs_.at(number).refused(world_.now, jobs_.at(number).attempt(),
                                                           job_end::queue_full));
              } else if (parcels_.stored(parcel, *answer.place)) {
                world_.hub.remove(*answer.place);
              } else {
                for (auto const number : here)
                  perform(number, jobs_.at(number).stored(world_.now, jobs_.at(number).attempt()));
              }
              flush();
            });
      });
}

inline void farm::flush() {
  while (connection_ >= 0) {
    auto const parcel = parcels_.next();
    if (!parcel) return;
    auto& sent = sent_[*parcel];
    for (auto const number : parcels_.jobs(*parcel)) {
      auto& job = jobs_.at(number);
      job.sent();
      sent.push_back({number, job.attempt(), job.lost_before(), world_.truths[number].max_hosts});
    }
    publish(*parcel);
  }
}

inline void farm::perform(std::uint64_t number, job_step todo, bool was_told) {
  auto& job = jobs_.at(number);
  auto const parcel = parcels_.parcel_of(number);
  auto const place = parcel ? parcels_.place(*parcel) : std::nullopt;
  auto const stream = known_stream_;
  auto const here = [this] { return connection_; };
  if (has(todo, job_step::tell_hosts))
    for (std::size_t i = 0; i != world_.hosts.size(); ++i)
      world_.send([&w = world_, i] { return w.hosts[i]->connection(); },
                  [&w = world_, i, number, what = job.wished()] {
                    if (!w.loses_message()) w.hosts[i]->requested(number, what);
                  });
  if (has(todo, job_step::ask_delivered) && place)
    world_.send(here, [=, this, attempt = job.attempt()] {
      auto const info = world_.hub.info();
      world_.send(here, [=, this] {
        perform(number, jobs_.at(number).delivery_known(world_.now, attempt,
                                                        info.delivered >= *place, info.deliveries));
      });
    });
  if (has(todo, job_step::remove) && place)
    world_.send(here, [=, this] {
      if (world_.hub.stream() == stream) world_.hub.remove(*place);
      world_.send(here, [=, this] {
        auto const jobs = parcels_.jobs(*parcel);
        parcels_.removed(*parcel);
        for (auto const each : jobs)
          perform(each, jobs_.at(each).message_removed(world_.now, jobs_.at(each).attempt()));
      });
    });
  if (has(todo, job_step::examine) && !place)
    perform(number, job.examined(world_.now, job.attempt(), finding::missing));
  if (has(todo, job_step::examine) && place) audit_.examine({number, job.attempt(), *place});
  if (has(todo, job_step::settle)) {
    auto& truth = world_.truths.at(number);
    if (++truth.settled != 1) fail("settled twice");
    truth.verdict = job.conclude();
  }
  if (has(todo, job_step::settle) || has(todo, job_step::publish)) {
    if (auto const unneeded = parcels_.leave(number, was_told))
      world_.send(here, [=, this] {
        if (world_.hub.stream() == stream) world_.hub.remove(*unneeded);
      });
  }
  if (has(todo, job_step::publish)) {
    parcels_.ran(milliseconds{1});
    parcels_.add(number, 100, world_.truths.at(number).max_hosts == 1 && world_.one_in(2));
    flush();
  }
}

inline void farm::connect() {
  if (connection_ >= 0) return;
  connection_ = world_.fresh_connection();
  bool const same_server = known_incarnation_ == world_.hub.incarnation();
  bool const same_stream = known_stream_ == 0 || known_stream_ == world_.hub.stream();
  known_incarnation_ = world_.hub.incarnation();
  known_stream_ = world_.hub.stream();
  world_.hub.farm_is_here();
  if (!same_stream) parcels_.stream_replaced();
  for (auto const parcel : parcels_.unanswered()) {
    if (parcels_.may_go_again(parcel, world_.now)) {
      publish(parcel);
      continue;
    }
    ++world_.unanswered;
    sent_.erase(parcel);
    for (auto const number : parcels_.refused(parcel))
      perform(number, jobs_.at(number).answer_lost(world_.now, jobs_.at(number).attempt()));
  }
  for (auto& [number, job] : jobs_)
    perform(number, job.connection_up(world_.now, same_server, same_stream));
  world_.hub.push_results();
  flush();
}

inline void farm::look() {
  auto const here = [this] { return connection_; };
  audit_.begin_look(world_.now);
  world_.send(here, [=, this] {
    auto const info = world_.hub.info();
    world_.send(here, [=, this] {
      // The consumer is asked after the stream.
      audit::state const seen{info.first, info.last, world_.hub.info().delivered};
      world_.send(here, [=, this] {
        auto const found = audit_.end_look(seen);
        for (auto const& each : found.known) tell_examined(each.about, each.what);
        for (auto const& [place, questions] : found.to_get)
          world_.send(here, [=, this, place = place, questions = questions] {
            bool const has = world_.hub.has(place);
            world_.send(here, [=, this] {
              for (auto const& each : questions)
                tell_examined(each, has ? finding::delivered : finding::missing);
            });
          });
      });
    });
  });
}

inline void farm::tell_examined(const audit::question& about, finding what) {
  perform(about.job, jobs_.at(about.job).examined(world_.now, about.attempt, what));
}

inline void farm::disconnect() {
  connection_ = -1;
  audit_.clear();
  last_look_ = moment::min();
  for (auto& [number, job] : jobs_) job.connection_down();
}

inline void farm::results(const std::vector<result_on_the_way>& all) {
  for (auto const& each : all) {
    auto& job = jobs_.at(each.number);
    bool const is_end = each.what != told::held && each.attempt == job.attempt();
    bool const was_settled = job.settled();
    auto const todo = job.result(world_.now, each.what, each.attempt, each.deliveries, each.holder);
    if (!was_settled && job.settled()) world_.truths.at(each.number).report_ran = each.ran;
    perform(each.number, todo, is_end);
  }
}

inline leave farm::leave_asked(const result_on_the_way& of) {
  auto const answer =
      jobs_.at(of.number).leave_asked(world_.now, of.attempt, of.holder, of.deliveries);
  perform(of.number, answer.todo);
  return answer.what;
}

inline void farm::pulse() {
  for (auto& [number, job] : jobs_)
    if (job.wake_at() <= world_.now) perform(number, job.wake(world_.now));
  if (connection_ >= 0 && audit_.look_at() <= world_.now) {
    look();
    if (last_look_ != moment::min() && world_.now < last_look_ + lease)
      fail("the server is asked too often");
    last_look_ = world_.now;
  }
}

// A host.

inline result_on_the_way host::result_of(const holding& of, std::size_t job, told what) const {
  return {of.jobs[job].number,     of.jobs[job].attempt,         what,
          of.machine.deliveries(), of.machine.job(job).holder(), of.ran[job]};
}

inline void host::message(std::uint64_t stream, std::uint64_t place, std::uint32_t deliveries,
                          const std::vector<job_on_the_way>& jobs) {
  credit_.arrived(jobs.size());
  for (auto& [id, each] : held_)
    if (each.stream == stream && each.place == place && !each.machine.is_over_here())
      return apply(id, each.machine.delivered_again(world_.now, world_.now, deliveries));
  std::vector<held_terms> terms;
  std::vector<std::uint64_t> holders;
  for (auto const& job : jobs) {
    holders.push_back(world_.fresh());
    terms.push_back({job.max_hosts, job.lost_before, holders.back(), true});
  }
  std::uint64_t const id = world_.fresh();
  auto& made =
      held_
          .emplace(id, holding{stream,
                               place,
                               jobs,
                               holders,
                               std::vector<bool>(jobs.size()),
                               held_parcel{{.lease = lease}, world_.now, deliveries, false, terms},
                               {}})
          .first->second;
  apply(id, made.machine.open(world_.now));
}

inline void host::apply(std::uint64_t id, parcel_step todo) {
  if (has(todo, parcel_step::look))
    for (std::size_t i = 0; held_.contains(id) && i != held_.at(id).jobs.size(); ++i)
      perform(id, i, held_.at(id).machine.take(i));
  auto const found = held_.find(id);
  if (found == held_.end()) return;
  auto& it = found->second;
  auto const here = [this] { return connection_; };
  if (has(todo, parcel_step::publish)) {
    auto const batch = it.machine.begin_batch();
    auto& results = it.batches[batch];
    for (std::size_t i = 0; i != it.jobs.size(); ++i)
      if (it.machine.is_in_batch(i, batch))
        results.push_back(result_of(it, i, it.machine.job(i).result()));
    publish(id, batch);
  }
  if (has(todo, parcel_step::publish_again))
    for (auto const& [batch, results] : it.batches) publish(id, batch);
  if (has(todo, parcel_step::acknowledge))
    world_.send(here, [=, this, stream = it.stream, place = it.place] {
      world_.hub.acknowledge(stream, place);
      world_.send(here, [=, this] {
        if (auto const again = held_.find(id); again != held_.end())
          apply(id, again->second.machine.acknowledged(world_.now));
      });
    });
  if (has(todo, parcel_step::drop)) held_.erase(id);
}

inline void host::publish(std::uint64_t id, std::uint64_t batch) {
  auto const here = [this] { return connection_; };
  world_.send(here, [=, this, results = held_.at(id).batches.at(batch)] {
    world_.hub.store_results(std::to_string(id) + "." + std::to_string(batch), results);
    world_.send(here, [=, this] {
      auto const found = held_.find(id);
      if (found == held_.end()) return;
      found->second.batches.erase(batch);
      apply(id, found->second.machine.published(world_.now, batch));
    });
  });
}

inline std::vector<host::running>::iterator host::find(std::uint64_t id, std::size_t job) {
  return std::ranges::find_if(pool_,
                              [&](const running& r) { return r.holding == id && r.job == job; });
}

/// The worker is gone, or the pool has let go of the job.
inline void host::end(std::vector<running>::iterator which) {
  if (which->begun) --world_.truths.at(which->number).running;
  pool_.erase(which);
}

inline void host::perform(std::uint64_t id, std::size_t job, held_step todo) {
  auto& it = held_.at(id);
  auto const here = [this] { return connection_; };
  if (has(todo, held_step::give)) pool_.push_back({id, job, it.jobs[job].number, false, {}});
  if (has(todo, held_step::ask_leave))
    world_.send(here, [=, this, of = result_of(it, job, told::held)] {
      if (world_.loses_message()) return;
      world_.send([&w = world_] { return w.owner.connection(); },
                  [=, this] {
                    auto const answer = world_.owner.leave_asked(of);
                    world_.send(here, [=, this] {
                      if (auto const found = held_.find(id); found != held_.end())
                        apply(id, found->second.machine.leave_told(world_.now, job, answer));
                    });
                  });
    });
  if (has(todo, held_step::say_held))
    world_.send(here, [=, this, of = result_of(it, job, told::held)] {
      if (!world_.loses_message()) world_.hub.store_results(std::to_string(world_.fresh()), {of});
    });
  auto const works = find(id, job);
  if (works == pool_.end()) return;
  if (has(todo, held_step::take_back)) {
    if (works->begun) return apply(id, it.machine.begun(world_.now, job));
    end(works);
    return apply(id, it.machine.unbegun(world_.now, job));
  }
  bool const is_asked = has(todo, held_step::interrupt) || has(todo, held_step::request_exit);
  if (has(todo, held_step::terminate) || (is_asked && world_.one_in(2))) {
    it.ran[job] = works->begun;
    end(works);
    apply(id, it.machine.reported(world_.now, job));
  }
}

inline void host::requested(std::uint64_t number, wish what) {
  std::vector<std::uint64_t> ids;
  for (auto const& [id, each] : held_) ids.push_back(id);
  for (auto const id : ids)
    for (std::size_t i = 0; held_.contains(id) && i != held_.at(id).jobs.size(); ++i)
      if (held_.at(id).jobs[i].number == number)
        apply(id, held_.at(id).machine.requested(world_.now, i, what));
}

inline void host::connect() {
  if (connection_ >= 0) return;
  connection_ = world_.fresh_connection();
  std::vector<std::uint64_t> ids;
  for (auto const& [id, each] : held_) ids.push_back(id);
  for (auto const id : ids) {
    auto& it = held_.at(id);
    apply(id, it.machine.connection_up(world_.now, it.stream == world_.hub.stream()));
  }
}

inline void host::disconnect() {
  world_.hub.forget_connection(index_);
  connection_ = -1;
  credit_.lost();
  for (auto& [id, each] : held_) each.machine.connection_down();
}

inline void host::die() {
  disconnect();
  while (!pool_.empty()) end(pool_.begin());
  held_.clear();
}

inline void host::drain() {
  std::vector<std::uint64_t> ids;
  for (auto const& [id, each] : held_) ids.push_back(id);
  for (auto const id : ids) apply(id, held_.at(id).machine.drain(world_.now));
}

inline void host::end() {
  std::vector<std::uint64_t> ids;
  for (auto const& [id, each] : held_) ids.push_back(id);
  for (auto const id : ids) apply(id, held_.at(id).machine.end(world_.now));
}

inline void host::pulse() {
  std::vector<std::uint64_t> ids;
  for (auto const& [id, each] : held_) ids.push_back(id);
  for (auto const id : ids)
    if (auto& it = held_.at(id); it.machine.wake_at() <= world_.now)
      apply(id, it.machine.wake(world_.now));
  auto const here = [this] { return connection_; };
  if (connection_ >= 0 && world_.now >= renew_at_) {
    renew_at_ = world_.now + lease / 4;
    for (auto const& [id, it] : held_)
      world_.send(here,
                  [=, this, id = id, stream = it.stream, place = it.place, sent_at = world_.now] {
                    world_.hub.renew(stream, place);
                    if (stream != world_.hub.stream()) return;
                    world_.send(here, [=, this] {
                      if (auto const found = held_.find(id); found != held_.end())
                        found->second.machine.renewed(sent_at);
                    });
                  });
  }
  std::size_t jobs = 0;
  for (auto const& [id, it] : held_) jobs += it.jobs.size();
  if (auto const more = credit_.wanted(jobs); connection_ >= 0 && more != 0) {
    credit_.asked(++pulls_, more, world_.now + lease);
    world_.send(here, [this, more, connection = connection_] {
      world_.hub.pull(index_, connection, more);
    });
  }
  credit_.expire(world_.now);
  std::size_t working = 0;
  for (auto& each : pool_) {
    if (!each.begun && working < 3 && world_.one_in(3)) {
      each.begun = true;
      each.until = world_.now + (world_.one_in(6) ? world_.some(3000) : world_.some(100));
      auto& truth = world_.truths.at(each.number);
      ++truth.begun;
      truth.at_once = std::max(truth.at_once, ++truth.running);
    }
    working += each.begun ? 1 : 0;
  }
  for (std::size_t i = 0; i < pool_.size();) {
    if (!pool_[i].begun || pool_[i].until > world_.now) {
      ++i;
      continue;
    }
    auto const done = pool_[i];
    end(pool_.begin() + static_cast<std::ptrdiff_t>(i));
    auto const found = held_.find(done.holding);
    if (found == held_.end()) continue;
    found->second.ran[done.job] = true;
    apply(done.holding, found->second.machine.reported(world_.now, done.job));
  }
}

// All of it.

inline world::world(std::uint32_t seed, const faults& what) : faults_{what}, engine_{seed} {
  for (std::size_t i = 0; i != 3; ++i) hosts.push_back(std::make_unique<host>(*this, i));
}

inline void world::fault() {
  std::size_t const which = static_cast<std::size_t>(below(3));
  auto const soon = some(one_in(3) ? 3000 : 500);
  switch (below(6)) {
    case 0:
      if (faults_.hosts_die) one_in(2) ? hosts[which]->die() : hosts[which]->end();
      break;
    case 1:
      if (faults_.links_break) hosts[which]->disconnect();
      break;
    case 2:
      if (faults_.links_break) owner.disconnect();
      break;
    case 3:
      if (faults_.server_restarts) restart_server(!faults_.store_is_lost || one_in(2));
      break;
    case 4: hosts[which]->drain(); break;
    default: break;
  }
  after(soon, [this] { connect_all(); });
}

inline void world::do_what_is_due() {
  while (!queue_.empty() && queue_.begin()->first <= now) {
    auto const next = std::move(queue_.begin()->second);
    queue_.erase(queue_.begin());
    next();
  }
}

inline void world::pulse() {
  owner.pulse();
  for (auto& each : hosts) each->pulse();
  hub.pulse();
}

inline bool world::has_settled(std::size_t jobs) const {
  return truths.size() == jobs &&
         std::ranges::all_of(truths, [](auto const& each) { return each.second.settled == 1; });
}

inline void world::live() {
  connect_all();
  std::size_t const jobs = static_cast<std::size_t>(1 + below(20));
  for (std::size_t i = 0; i != jobs; ++i)
    after(some(3000), [this] {
      owner.submit(static_cast<std::uint32_t>(1 + below(3)),
                   faults_.cancels && one_in(4) ? now + some(2000) : moment::max());
    });
  moment const quiet = now + milliseconds{6000};
  moment const end = now + 120 * lease;
  for (; now < end; now += milliseconds{10}) {
    do_what_is_due();
    faulty_ = now < quiet;
    if (faulty_ && one_in(60)) fault();
    if (faulty_ && faults_.cancels && owner.size() != 0 && one_in(40))
      owner.cancel(1 + static_cast<std::uint64_t>(below(static_cast<std::int64_t>(owner.size()))),
                   static_cast<wish>(2 + below(3)));
    pulse();
    if (faulty_ || !has_settled(jobs) || !hub.empty()) continue;
    if (std::ranges::all_of(hosts, [](auto const& each) { return each->idle(); })) return;
  }
  for (auto const& [number, truth] : truths)
    if (truth.settled == 0) fail("job " + std::to_string(number) + " is never settled");
  for (auto const& each : hosts)
    if (!each->idle()) fail("a host holds a job without end");
  if (!hub.empty()) fail("a message stays on the server");
  fail("there is no end");
}

inline milliseconds world::live_through(const std::function<milliseconds(world&)>& fault) {
  faulty_ = false;
  connect_all();
  // The queue has room for all.
  constexpr std::size_t jobs = 10;
  for (std::size_t i = 0; i != jobs; ++i)
    after(some(500), [this] { owner.submit(3, moment::max()); });
  moment over = moment::max();
  after(some(1000), [this, &fault, &over] { over = now + fault(*this); });
  for (moment const end = now + 120 * lease; now < end; now += milliseconds{10}) {
    do_what_is_due();
    pulse();
    if (now >= over && has_settled(jobs))
      return std::chrono::duration_cast<milliseconds>(now - over);
  }
  fail("there is no end");
}

}  // namespace farm_model

#endif
