// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "nats/logic/held_parcel.hpp"

#include <algorithm>

namespace isolatte::inline v0_1::nats::logic {

using isolatte::logic::later;

held_parcel::held_parcel(const held_rules& rules, moment leased_at, std::uint32_t deliveries,
                         bool draining, std::span<const held_terms> jobs)
    : rules_{rules},
      lease_from_{leased_at},
      deliveries_{deliveries},
      draining_{draining},
      jobs_(jobs.begin(), jobs.end()),
      todo_(jobs.size()) {}

parcel_step held_parcel::note(std::size_t job, held_step todo) noexcept {
  todo_[job] |= todo;
  return todo_[job] == held_step::none ? parcel_step::none : parcel_step::look;
}

held_step held_parcel::take(std::size_t job) noexcept {
  auto const todo = todo_[job];
  todo_[job] = held_step::none;
  return todo;
}

std::size_t held_parcel::working() const noexcept {
  return static_cast<std::size_t>(std::ranges::count_if(jobs_, &held_job::is_working));
}

std::size_t held_parcel::unfinished() const noexcept {
  return silent_ ? working()
                 : static_cast<std::size_t>(std::ranges::count_if(jobs_, &held_job::is_unfinished));
}

parcel_step held_parcel::open(moment now) noexcept {
  // One of the jobs may have ended the host that had the parcel before, so each is to go alone.
  bool const gives_back = draining_ || (deliveries_ > 1 && jobs_.size() > 1);
  parcel_step todo = parcel_step::none;
  for (std::size_t i = 0; i != jobs_.size(); ++i)
    todo |= note(i, jobs_[i].open(deliveries_, gives_back));
  ask_at_ = later(now, rules_.lease / 4);
  return todo | go_on(now);
}

/// The steps that follow from the states of the jobs.
bool held_parcel::has_work() const noexcept {
  return std::ranges::any_of(jobs_, &held_job::is_unfinished);
}

bool held_parcel::has_returned() const noexcept {
  return std::ranges::any_of(
      jobs_, [](const held_job& job) { return job.is_ready() && job.result() == told::returned; });
}

parcel_step held_parcel::go_on(moment now) noexcept {
  if (over_) return parcel_step::none;
  bool const works = has_work();
  bool const returns = has_returned();
  bool has_ends = false, is_publishing = false;
  for (auto const& job : jobs_) {
    has_ends = has_ends || (job.is_ready() && job.result() != told::returned);
    is_publishing = is_publishing || job.is_publishing();
    abandoned_ = abandoned_ || job.is_dropped();
  }
  bool const may_tell_returned = works || gone_;
  if (has_ends || (returns && may_tell_returned)) {
    if (batch_at_ == moment::max()) batch_at_ = later(now, rules_.gather);
    if (connected_ && (!works || now >= batch_at_)) return parcel_step::publish;
    return parcel_step::none;
  }
  batch_at_ = moment::max();
  if (works || is_publishing) return parcel_step::none;
  if (gone_ || abandoned_) {
    // If the message is to be handed on, another host may begin what this one would give back.
    over_ = true;
    return parcel_step::drop;
  }
  if (acknowledging_ || !connected_) return parcel_step::none;
  acknowledging_ = true;
  return parcel_step::acknowledge;
}

parcel_step held_parcel::delivered_again(moment now, moment leased_at,
                                         std::uint32_t deliveries) noexcept {
  deliveries_ = std::max(deliveries_, deliveries);
  lease_from_ = std::max(lease_from_, leased_at);
  // The acknowledgement has not arrived, or the server has forgotten it.
  acknowledging_ = gone_ = false;
  return go_on(now);
}

void held_parcel::renewed(moment sent_at) noexcept { lease_from_ = std::max(lease_from_, sent_at); }

parcel_step held_parcel::leave_told(moment now, std::size_t job, leave what) noexcept {
  silent_ = false;
  auto const todo = note(job, jobs_[job].leave_told(what));
  return todo | go_on(now);
}

parcel_step held_parcel::requested(moment now, std::size_t job, wish what) noexcept {
  auto const todo = note(job, jobs_[job].requested(what));
  return todo | go_on(now);
}

parcel_step held_parcel::forget(moment now) noexcept {
  parcel_step todo = parcel_step::none;
  for (std::size_t i = 0; i != jobs_.size(); ++i) todo |= note(i, jobs_[i].forget());
  return todo | go_on(now);
}

parcel_step held_parcel::reported(moment now, std::size_t job) noexcept {
  jobs_[job].reported();
  return go_on(now);
}

parcel_step held_parcel::failed(moment now, std::size_t job) noexcept {
  jobs_[job].failed();
  return go_on(now);
}

parcel_step held_parcel::unbegun(moment now, std::size_t job) noexcept {
  jobs_[job].unbegun();
  return go_on(now);
}

parcel_step held_parcel::begun(moment now, std::size_t job) noexcept {
  auto const todo = note(job, jobs_[job].begun());
  return todo | go_on(now);
}

parcel_step held_parcel::drain(moment now) noexcept {
  parcel_step todo = parcel_step::none;
  for (std::size_t i = 0; i != jobs_.size(); ++i) todo |= note(i, jobs_[i].drain());
  return todo | go_on(now);
}

parcel_step held_parcel::end(moment now) noexcept {
  parcel_step todo = parcel_step::none;
  for (std::size_t i = 0; i != jobs_.size(); ++i) todo |= note(i, jobs_[i].fence());
  return todo | go_on(now);
}

std::uint64_t held_parcel::begin_batch() noexcept {
  ++last_batch_;
  batch_at_ = moment::max();
  // A job is given back when no other host can be handed it, unless that would take long.
  bool const may_tell_returned = has_work() || gone_;
  for (auto& job : jobs_)
    if (may_tell_returned || job.result() != told::returned) job.publish(last_batch_);
  return last_batch_;
}

parcel_step held_parcel::published(moment now, std::uint64_t batch) noexcept {
  for (auto& job : jobs_) job.published(batch);
  return go_on(now);
}

parcel_step held_parcel::acknowledged(moment now) noexcept {
  if (over_ || !acknowledging_) return parcel_step::none;
  acknowledging_ = false;
  gone_ = true;
  // By then another host may have had the message before the server had the acknowledgement.
  if (has_returned() && now >= fence_at()) over_ = true;
  return over_ ? parcel_step::drop : go_on(now);
}

void held_parcel::connection_down() noexcept {
  connected_ = false;
  acknowledging_ = false;
}

parcel_step held_parcel::connection_up(moment now, bool same_stream) noexcept {
  connected_ = true;
  // Its number means another message by now.
  if (!same_stream) abandoned_ = gone_ = true;
  parcel_step todo = parcel_step::none;
  if (std::ranges::any_of(jobs_, &held_job::is_publishing)) todo |= parcel_step::publish_again;
  for (std::size_t i = 0; i != jobs_.size(); ++i) todo |= note(i, jobs_[i].ask_again());
  return todo | go_on(now);
}

moment held_parcel::fence_at() const noexcept {
  return later(lease_from_, rules_.lease - rules_.lease / 4);
}

parcel_step held_parcel::fence(moment now) noexcept {
  parcel_step todo = parcel_step::none;
  for (std::size_t i = 0; i != jobs_.size(); ++i) {
    // The server hands the message to other hosts without end if no farm answers any of them.
    if (connected_ && deliveries_ >= rules_.most_deliveries) jobs_[i].leave_told(leave::over);
    todo |= note(i, jobs_[i].fence());
  }
  if (has_returned() && !gone_) abandoned_ = true;
  return todo | go_on(now);
}

parcel_step held_parcel::wake(moment now) noexcept {
  if (now >= fence_at()) return fence(now);
  parcel_step todo = parcel_step::none;
  if (now >= ask_at_) {
    ask_at_ = later(now, rules_.lease / 4);
    if (connected_)
      for (std::size_t i = 0; i != jobs_.size(); ++i) todo |= note(i, jobs_[i].ask_again());
  }
  return todo | go_on(now);
}

moment held_parcel::wake_at() const noexcept {
  moment at = moment::max();
  for (auto const& job : jobs_) {
    if (job.is_asking()) at = std::min(at, ask_at_);
    if (job.is_working() || job.is_asking()) at = std::min(at, fence_at());
    // Once the message is left to other hosts, such a job waits for the results of the others.
    if (job.is_ready() && job.result() == told::returned && !gone_ && !abandoned_)
      at = std::min(at, fence_at());
    if (job.is_ready() && connected_) at = std::min(at, batch_at_);
  }
  return at;
}

}  // namespace isolatte::inline v0_1::nats::logic
