// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "logic/pool_policy.hpp"

#include <algorithm>

namespace isolatte::inline v0_1::logic {

std::chrono::milliseconds time_until_retry(unsigned refused) noexcept {
  constexpr unsigned most_doublings = 6;
  return std::chrono::milliseconds{20 << std::min(refused, most_doublings)};
}

std::size_t depth(const pool_policy& policy) noexcept {
  if (policy.attributes_output) return 1;
  if (policy.max_jobs_per_worker != 0) return std::min(max_depth, policy.max_jobs_per_worker);
  return max_depth;
}

std::size_t wanted_workers(const pool_policy& policy, std::size_t jobs) noexcept {
  // A process for each job is made ahead of need: as many wait as run.
  std::size_t const most = policy.max_jobs_per_worker == 1 ? 2 * policy.workers : policy.workers;
  return policy.idle_timeout ? std::min(most, jobs) : most;
}

bool has_room(const pool_policy& policy, std::size_t jobs) noexcept {
  return jobs < policy.workers || jobs - policy.workers < policy.max_queued;
}

bool has_capacity(const pool_policy& policy, std::size_t jobs, std::size_t given) noexcept {
  if (jobs >= depth(policy)) return false;
  return policy.max_jobs_per_worker == 0 || given < policy.max_jobs_per_worker;
}

bool is_worn(const pool_policy& policy, std::size_t given, std::uint64_t resident) noexcept {
  if (policy.max_jobs_per_worker != 0 && given >= policy.max_jobs_per_worker) return true;
  return policy.max_worker_memory && resident > *policy.max_worker_memory;
}

}  // namespace isolatte::inline v0_1::logic
