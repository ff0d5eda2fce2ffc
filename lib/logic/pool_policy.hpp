// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_LOGIC_POOL_POLICY_HPP
#define ISOLATTE_LIB_LOGIC_POOL_POLICY_HPP

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>

namespace isolatte::inline v0_1::logic {

/// The settings of a pool that its decisions depend on.
struct pool_policy {
  /// At least 1.
  std::size_t workers = 1;
  /// 0: any number.
  std::size_t max_jobs_per_worker = 0;
  std::size_t max_queued = std::numeric_limits<std::size_t>::max();
  std::optional<std::uint64_t> max_worker_memory{};
  /// A worker that has been idle for this time retires.
  std::optional<std::chrono::nanoseconds> idle_timeout{};
  bool has_initializer = false;
  /// The output of each job is kept apart from that of the next one. So a worker gets no job ahead.
  bool attributes_output = false;
};

/// After this many workers in a row have ended before they could take a job, the pool breaks.
constexpr unsigned most_failed_starts = 3;

/// The time to wait before the system is asked again for a worker. The time is short at first,
/// because a shortage may pass at once, and doubles with each refusal.
/// @param refused how many times in a row the system has refused a worker
std::chrono::milliseconds time_until_retry(unsigned refused) noexcept;

/// The highest number of jobs that any worker has at once.
constexpr std::size_t max_depth = 16;

/// The number of jobs that a worker may have at once. With more than one, a worker need not wait
/// for its next job.
std::size_t depth(const pool_policy& policy) noexcept;

/// The number of workers that there should be.
/// @param jobs the number of jobs that wait or that workers have
std::size_t wanted_workers(const pool_policy& policy, std::size_t jobs) noexcept;

/// Whether one more job may be accepted.
/// @param jobs the number of jobs that are not done
bool has_room(const pool_policy& policy, std::size_t jobs) noexcept;

/// Whether a worker may be given one more job.
/// @param jobs the number of jobs that the worker has
/// @param given the number of jobs that the worker has ever been given
bool has_capacity(const pool_policy& policy, std::size_t jobs, std::size_t given) noexcept;

/// Whether a worker is to be replaced because of its number of jobs or its memory.
bool is_worn(const pool_policy& policy, std::size_t given, std::uint64_t resident) noexcept;

}  // namespace isolatte::inline v0_1::logic

#endif
