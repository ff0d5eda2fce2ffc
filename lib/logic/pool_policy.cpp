// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "logic/pool_policy.hpp"

#include <algorithm>

namespace isolatte::inline v0_1::logic {

std::chrono::milliseconds time_until_retry(unsigned refused) noexcept {
  constexpr unsigned most_doublings = 6;
  return std::chrono::milliseconds{20 << std::min(refused, most_doublings)};
}

std::chrono::nanoseconds time_until_start(const start_policy& policy, unsigned failed) noexcept {
  auto time = std::max(policy.backoff_min, std::chrono::nanoseconds::zero());
  for (unsigned i = 1; i < failed && time < policy.backoff_max; ++i) {
    if (time > policy.backoff_max / 2) return policy.backoff_max;
    time *= 2;
    if (time == std::chrono::nanoseconds::zero()) break;
  }
  return std::min(time, std::max(policy.backoff_min, policy.backoff_max));
}

std::size_t depth(const pool_policy& policy) noexcept {
  if (policy.attributes_output || policy.recycle.checks_health) return 1;
  if (policy.max_jobs_per_worker != 0) return std::min(max_depth, policy.max_jobs_per_worker);
  return max_depth;
}

std::size_t wanted_workers(const pool_policy& policy, std::size_t jobs) noexcept {
  // A process for each job is made ahead of need: as many wait as run.
  // Not if what belongs to a worker's number may be in use by one process alone.
  bool const is_ahead = policy.max_jobs_per_worker == 1 && policy.seats != seating::until_end;
  std::size_t const most = is_ahead ? 2 * policy.workers : policy.workers;
  if (!policy.idle_timeout) return most;
  if (!policy.min_workers) return std::min(most, jobs);
  std::size_t const with_a_spare = jobs == 0 ? 0 : jobs + 1;
  return std::min(most, std::max(*policy.min_workers, with_a_spare));
}

bool has_room(const pool_policy& policy, std::size_t jobs) noexcept {
  return jobs < policy.workers || jobs - policy.workers < policy.max_queued;
}

bool has_capacity(const pool_policy& policy, std::size_t jobs, std::size_t given) noexcept {
  if (jobs >= depth(policy)) return false;
  return policy.max_jobs_per_worker == 0 || given < policy.max_jobs_per_worker;
}

bool is_worn(const pool_policy& policy, std::size_t given) noexcept {
  return policy.max_jobs_per_worker != 0 && given >= policy.max_jobs_per_worker;
}

std::chrono::nanoseconds longest_life(const pool_policy& policy, std::uint64_t number) noexcept {
  // SplitMix64: numbers that follow each other give values that have nothing to do with each other.
  std::uint64_t mixed = policy.seed + (number + 1) * 0x9e3779b97f4a7c15u;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
  mixed ^= mixed >> 31;
  double const drawn = static_cast<double>(mixed >> 11) * 0x1.0p-53;
  double const part = std::clamp(policy.recycle.jitter, 0.0, 1.0) * drawn;
  auto const age = *policy.recycle.age;
  return age - std::chrono::nanoseconds{
                   static_cast<std::int64_t>(static_cast<double>(age.count()) * part)};
}

}  // namespace isolatte::inline v0_1::logic
