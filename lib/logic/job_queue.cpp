// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "logic/job_queue.hpp"

namespace isolatte::inline v0_1::logic {

namespace {

/// Jobs that have been taken out and come back together are no more than a worker may have.
constexpr int most_together = 32;

}  // namespace

void job_queue::push(ranked_job& job) noexcept {
  job.number_ = ++pushed_;
  by_age_.push_back(job);
  auto const group = by_tenant_.find(job);
  if (group != by_tenant_.end())
    group->followers_.push_back(job.follows_);
  else
    lead(job);
}

void job_queue::put_back(ranked_job& job) noexcept {
  // Jobs that wait have come later, apart from others that have been put back.
  auto age = by_age_.begin();
  for (int i = 0; i != most_together && age != by_age_.end() && age->number_ < job.number_; ++i)
    ++age;
  by_age_.insert(age, job);
  auto const group = by_tenant_.find(job);
  if (group == by_tenant_.end()) return lead(job);
  ranked_job& other = *group;
  if (other.number_ < job.number_) {
    auto place = other.followers_.begin();
    while (place != other.followers_.end() && job_of(*place).number_ < job.number_) ++place;
    other.followers_.insert(place, job.follows_);
    return;
  }
  job.turn_ = other.turn_;
  by_tenant_.replace_node(group, job);
  by_turn_.replace_node(by_turn_.iterator_to(other), job);
  job.followers_.swap(other.followers_);
  job.followers_.push_front(other.follows_);
}

/// The job is the first of a new group, which is served after the others.
void job_queue::lead(ranked_job& job) noexcept {
  job.turn_ = ++turns_;
  by_turn_.insert(job);
  by_tenant_.insert(job);
}

ranked_job& job_queue::front() noexcept {
  return taken_ + 1 >= fair_turn ? by_age_.front() : *by_turn_.begin();
}

void job_queue::pop_front() noexcept {
  ranked_job& first = front();
  taken_ = (taken_ + 1) % fair_turn;
  take_out(first, true);
}

/// @param is_served whether the job's group has had its turn
void job_queue::take_out(ranked_job& job, bool is_served) noexcept {
  by_age_.erase(by_age_.iterator_to(job));
  if (job.follows_.is_linked()) return job.follows_.unlink();
  auto const turn = by_turn_.iterator_to(job);
  auto const tenant = by_tenant_.iterator_to(job);
  if (job.followers_.empty()) {
    by_turn_.erase(turn);
    by_tenant_.erase(tenant);
    return;
  }
  ranked_job& next = job_of(job.followers_.front());
  job.followers_.pop_front();
  next.followers_.swap(job.followers_);
  by_tenant_.replace_node(tenant, next);
  if (is_served) {
    by_turn_.erase(turn);
    next.turn_ = ++turns_;
    by_turn_.insert(next);
  } else {
    next.turn_ = job.turn_;
    by_turn_.replace_node(turn, next);
  }
}

void job_queue::clear() noexcept {
  while (!by_age_.empty()) take_out(by_age_.front(), false);
}

}  // namespace isolatte::inline v0_1::logic
