// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_TEST_UNIT_POOL_INSPECTION_HPP
#define ISOLATTE_TEST_UNIT_POOL_INSPECTION_HPP

#include "pool_world.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <type_traits>

namespace isolatte::inline v0_1::logic {

/// Tells the states of a world with a pool apart, by a text that two of them share if they are the
/// same but for names and for what has no effect any more: jobs that are done, counts for
/// statistics, and by how much a time has gone by that lies more than a while ago.
///
/// Keys, ranks, jitter and turns in the queue are left out: such a world has none.
class pool_inspection {
 public:
  static std::string key(pool_world::world& of) { return pool_inspection{of}.take(); }

 private:
  explicit pool_inspection(pool_world::world& of) : world_{of}, machine_{of.machine} {
    for (auto const& each : machine_.workers_) name(workers_, &each);
    for (auto const& each : of.workers) name(workers_, static_cast<pool_worker*>(each.get()));
    for (auto const& each : of.jobs)
      if (!each.done()) name(jobs_, static_cast<const pool_job*>(&each));
  }

  std::string take() {
    add_machine();
    for (auto const& each : world_.workers) add_worker(*each);
    for (auto const& each : world_.jobs)
      if (!each.done()) add_job(each);
    return std::move(text_);
  }

  template <class T>
  static void name(std::map<const T*, int>& names, const T* what) {
    names.emplace(what, static_cast<int>(names.size()) + 1);
  }

  void add() {}
  template <class T, class... More>
  void add(const T& value, const More&... more) {
    if constexpr (std::is_enum_v<T>)
      add_number(static_cast<std::int64_t>(value));
    else
      add_number(static_cast<std::int64_t>(value));
    add(more...);
  }
  void add_number(std::int64_t number) {
    // Most are small.
    if (number >= 0 && number < 255) return text_.push_back(static_cast<char>(number));
    text_.push_back(static_cast<char>(255));
    text_.append(reinterpret_cast<const char*>(&number), sizeof number);
  }
  void add_name(const pool_worker* worker) { add(worker != nullptr ? workers_.at(worker) : 0); }
  void add_name(const pool_job* job) {
    auto const found = jobs_.find(job);
    add(found != jobs_.end() ? found->second : 0);
  }
  template <class List>
  void add_names(const List& list) {
    add(list.size());
    for (auto const& each : list) add_name(&each);
  }
  void add_time(moment when) {
    constexpr std::chrono::seconds a_while{6};
    if (when == moment::max()) return add(1);
    auto const ahead = std::max<std::chrono::nanoseconds>(when - world_.now, -a_while);
    add(2, ahead.count());
  }

  void add_machine() {
    auto const& m = machine_;
    add(m.policy_.workers, m.given_, m.busy_, m.alive_, m.leaving_, m.to_replace_, m.errands_,
        m.checks_waiting_, m.checks_given_, m.sends_none_ahead_, m.stopped_, m.gave_up_, m.dormant_,
        m.stays_lost_, m.recycling_, m.replaces_, m.proven_, m.can_go_back_, m.goes_back_);
    add_names(m.workers_);
    add_names(m.without_seat_);
    add_names(m.with_errands_);
    add_names(m.outside_);
    for (auto const& list : m.takers_) add_names(list);
    add_names(m.full_);
    for (auto const& seat : m.seats_) {
      add_name(seat.holder);
      add(seat.claims);
    }
    add(m.queued_.size());
    auto const& b = m.backoff_;
    add(b.refused_, b.failed_, b.waits_);
    if (b.waits_) add_time(b.retry_at_);
    // The last failure has an effect together with the start of a worker: see add_times().
    add_time(m.first_due_);
    add_time(m.first_old_);
    add(world_.refusals);
  }

  void add_worker(const pool_world::worker& w) {
    pool_worker const& m = w;
    add_name(&m);
    add_names(m.jobs_);
    add_names(m.errands_);
    bool const counts_jobs = machine_.policy_.max_jobs_per_worker != 0;
    if (counts_jobs) add(m.given_, m.done_);
    add(has_had_jobs(m));
    add(machine_.state_ - m.state_, m.slot_ ? *m.slot_ + 1 : 0, m.has_claim_, m.is_seated_,
        m.ready_, m.failures_before_, m.retires_for_, m.retiring_, m.replaces_another_, m.outdated_,
        m.is_suspended_, m.is_of_before_, m.worn_, m.left_its_jobs_, m.keeps_its_jobs_,
        m.is_in_doubt_, m.woken_, m.stopped_for_, m.recalls_, m.reads_, m.has_expired_, m.is_due_,
        m.wakes_, m.is_unresponsive_, m.why_to_end_, m.how_to_end_, m.asks_for_health_,
        m.tells_to_stop_, m.tells_to_retire_, m.how_to_stop_);
    add_name(m.to_end_);
    add_times(m);
    add(w.alive, w.frozen, w.healthy, w.told_to_retire,
        w.signalled ? static_cast<int>(*w.signalled) + 1 : 0);
    for (auto const* const list : {&w.inbox, &w.replies}) {
      add(list->size());
      for (auto const& each : *list) {
        add_name(static_cast<const pool_job*>(each.what));
        add(each.state, each.id == each.what->id);
      }
    }
  }

  /// Whether the worker has been given a job that can no more be taken back.
  static bool has_had_jobs(const pool_worker& m) { return m.given_ > m.jobs_.size(); }

  /// The times that the machine may look at again.
  void add_times(const pool_worker& m) {
    auto const& backoff = machine_.backoff_;
    add(backoff.failed_ != 0 && m.started_at_ > backoff.last_failure_);
    if (machine_.policy_.seats != seating::when_ready)
      add(std::count_if(
          machine_.workers_.begin(), machine_.workers_.end(),
          [&](const pool_worker& other) { return other.started_at_ < m.started_at_; }));
    bool const goes_on = m.stopped_for_ == stop_cause::none && !m.retiring_;
    if (goes_on && m.ready_ && !has_had_jobs(m)) add_time(m.ready_since_);
    if (goes_on && !m.jobs_.empty()) {
      add_time(m.first_since_);
      add_time(m.begun_after_);
    }
    if (machine_.policy_.idle_timeout && m.jobs_.empty()) add_time(m.idle_since_);
    add_time(m.old_at_);
    add_time(m.due_);
  }

  void add_job(const pool_world::job& j) {
    pool_job const& m = j;
    add_name(m.errand_of_);
    add_name(m.worker_);
    add(m.timeout_ ? m.timeout_->count() : -1, m.grace_.count(), m.listens_, m.waits_for_room_,
        m.is_never_ahead_, m.is_outside_, m.has_expired_, m.was_given_, m.was_lost_, m.stopped_for_,
        m.asked_for_, machine_.state_ - m.state_, j.begun, j.asked, j.is_errand);
    if (j.asked != 0) add_time(m.asked_until_);
    add_time(m.deadline());
  }

  pool_world::world& world_;
  pool_machine& machine_;
  std::map<const pool_worker*, int> workers_;
  std::map<const pool_job*, int> jobs_;
  std::string text_;
};

}  // namespace isolatte::inline v0_1::logic

#endif
