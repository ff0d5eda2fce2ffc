// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_LOGIC_POOL_POLICY_HPP
#define ISOLATTE_LIB_LOGIC_POOL_POLICY_HPP

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace isolatte::logic {

/// The numbers that a pool goes by.
struct pool_policy {
  /// At least 1.
  std::size_t workers = 1;
  /// 0: any number.
  std::size_t max_jobs_per_worker = 0;
  std::size_t max_queued = 0;
  std::optional<std::uint64_t> max_worker_memory{};
  bool lets_idle_ones_go = false;
  /// What a job writes is told from what the next one writes.
  bool attributes_output = false;
};

/// What a pool knows of one of its workers.
struct worker_load {
  /// Jobs that it has been given and not done yet.
  std::size_t jobs = 0;
  /// Jobs that it has ever been given.
  std::size_t given = 0;
  /// It is neither being started nor being ended.
  bool takes_jobs = false;
};

/// A worker ends so often before it can take a job until the pool gives up.
constexpr unsigned most_failed_starts = 3;

/// How long to wait before the system is asked again for a worker that it has refused so many times
/// in a row: at first what is short may be there again at once.
std::chrono::milliseconds time_until_retry(unsigned refused) noexcept;

/// How many jobs a worker may have at once: more than one keep it from waiting for the next.
std::size_t depth(const pool_policy& policy) noexcept;

/// How many workers there should be.
/// @param jobs those that wait and those that workers have
std::size_t wanted_workers(const pool_policy& policy, std::size_t jobs) noexcept;

/// Whether one more job may be accepted.
/// @param jobs those that there are already
bool has_room(const pool_policy& policy, std::size_t jobs) noexcept;

/// Whether a worker may be given one more job.
/// @param busy how many workers have jobs
bool may_take(const pool_policy& policy, const worker_load& load, std::size_t busy) noexcept;

/// Whether a worker has done its share.
bool is_worn(const pool_policy& policy, std::size_t given, std::uint64_t resident) noexcept;

}  // namespace isolatte::logic

#endif
