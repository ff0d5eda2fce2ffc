// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_LOGIC_POOL_POLICY_HPP
#define ISOLATTE_LIB_LOGIC_POOL_POLICY_HPP

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>

namespace isolatte::logic {

/// The numbers that a pool goes by.
struct pool_policy {
  /// At least 1.
  std::size_t workers = 1;
  /// 0: any number.
  std::size_t max_jobs_per_worker = 0;
  std::size_t max_queued = std::numeric_limits<std::size_t>::max();
  std::optional<std::uint64_t> max_worker_memory{};
  /// A worker that has been idle for so long is let go.
  std::optional<std::chrono::nanoseconds> idle_timeout{};
  bool has_initializer = false;
  /// What a job writes is told from what the next one writes.
  bool attributes_output = false;
};

/// A worker ends so often before it can take a job until the pool gives up.
constexpr unsigned most_failed_starts = 3;

/// How long to wait before the system is asked again for a worker that it has refused so many times
/// in a row: at first what is short may be there again at once.
std::chrono::milliseconds time_until_retry(unsigned refused) noexcept;

/// No worker ever has more jobs at once.
constexpr std::size_t max_depth = 16;

/// How many jobs a worker may have at once: more than one keep it from waiting for the next.
std::size_t depth(const pool_policy& policy) noexcept;

/// How many workers there should be.
/// @param jobs those that wait and those that workers have
std::size_t wanted_workers(const pool_policy& policy, std::size_t jobs) noexcept;

/// Whether one more job may be accepted.
/// @param jobs those that there are already
bool has_room(const pool_policy& policy, std::size_t jobs) noexcept;

/// Whether a worker may be given one more job.
/// @param jobs those that it has
/// @param given those that it has ever been given
bool has_capacity(const pool_policy& policy, std::size_t jobs, std::size_t given) noexcept;

/// Whether a worker has done its share.
bool is_worn(const pool_policy& policy, std::size_t given, std::uint64_t resident) noexcept;

}  // namespace isolatte::logic

#endif
