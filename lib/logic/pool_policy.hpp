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

/// The limits for workers that do not start.
struct start_policy {
  /// A worker that cannot take a job this long after it was asked for is ended. Absent: none is.
  std::optional<std::chrono::nanoseconds> timeout{};
  /// The time between a start that failed and the next one; it doubles with each in a row, up to
  /// the longest.
  std::chrono::nanoseconds backoff_min = std::chrono::milliseconds{100};
  std::chrono::nanoseconds backoff_max = std::chrono::seconds{30};
  /// After so many in a row the pool starts no more. 0: it never gives up.
  unsigned give_up_after = 3;
};

/// When a pool replaces workers that could go on.
struct recycle_policy {
  std::optional<std::chrono::nanoseconds> age{};
  /// Bytes.
  std::optional<std::uint64_t> memory_growth{};
  /// Workers are asked after each job whether they are healthy.
  bool checks_health = false;
  /// The part of the age by which a worker may be younger, so that not all are old at once.
  double jitter = 0;
  /// So many workers may be missing because they are replaced, and so many replacements are started
  /// at a time.
  std::size_t max_unavailable = 1;
};

/// When workers have their numbers below the number of workers, of which no two have the same.
enum class seating {
  /// From when they are ready until they are told to leave.
  when_ready,
  /// From their start until they are told to leave: the initializer may ask for the number.
  at_start,
  /// From their start until their end: what belongs to the number is in use until then.
  until_end,
};

/// A worker's memory as the worker tells it, in bytes; 0 if it does not.
struct worker_memory {
  /// The part that is the worker's own, and not shared with the program since the fork.
  std::uint64_t own = 0;
  /// The same when the worker was ready.
  std::uint64_t at_start = 0;
};

/// Whether the jobs are meant for the state of the worker that there is when they come.
enum class bound_state {
  none,
  /// They are, and a worker that has ended is replaced, for later jobs.
  restarts,
  /// They are, and a worker that has ended is not replaced before restart().
  stays_lost,
};

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
  /// With an idle timeout: so many workers stay. Absent: none, and workers come with jobs. If
  /// there is a number, one worker more than there are jobs is kept ready.
  std::optional<std::size_t> min_workers{};
  start_policy startup{};
  recycle_policy recycle{};
  seating seats = seating::when_ready;
  /// For pools with one worker.
  bound_state state = bound_state::none;
  /// The jitter is drawn from this.
  std::uint64_t seed = 0;
  /// The output of each job is kept apart from that of the next one. So a worker gets no job ahead.
  bool attributes_output = false;
};

/// After the system has refused so many workers in a row, the jobs of a pool without any end.
constexpr unsigned most_refusals = 3;

/// The time to wait before the system is asked again for a worker. The time is short at first,
/// because a shortage may pass at once, and doubles with each refusal.
/// @param refused how many times in a row the system has refused a worker
std::chrono::milliseconds time_until_retry(unsigned refused) noexcept;

/// The time to wait before another worker is started.
/// @param failed how many in a row have failed to start, at least 1
std::chrono::nanoseconds time_until_start(const start_policy& policy, unsigned failed) noexcept;

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

/// Whether a worker is to be given no more jobs, because it has had as many as it may.
bool is_worn(const pool_policy& policy, std::size_t given) noexcept;

/// The age at which a worker is replaced: less than the policy's by up to its jitter.
/// @param number another one for each worker
std::chrono::nanoseconds longest_life(const pool_policy& policy, std::uint64_t number) noexcept;

}  // namespace isolatte::inline v0_1::logic

#endif
