// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_POOL_OPTIONS_HPP
#define ISOLATTE_POOL_OPTIONS_HPP

#include <isolatte/config.hpp>
#include <isolatte/ending.hpp>
#include <isolatte/options.hpp>
#include <isolatte/outcome.hpp>
#include <isolatte/recycle_options.hpp>
#include <isolatte/startup_call.hpp>
#include <isolatte/worker_slot.hpp>
#include <isolatte/worker_startup.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace isolatte::inline v0_1 {

/// The call that each worker of a pool runs before its first job.
using pool_initializer = startup_call;

/// How a @ref worker_pool works; an aggregate for designated initialisers, every member with a
/// default.
struct pool_options {
  /// The number of workers, so the number of jobs that run at once. 0: the number of @ref slots, or
  /// of processors if there are none.
  std::size_t workers = 0;
  /// A worker is replaced after this number of jobs. 1: every job gets a fresh process, forked
  /// ahead of need unless there are @ref slots. 0: never.
  std::size_t max_jobs_per_worker = 0;
  /// The number of jobs that may wait. One more completes with error::queue_full, unless it waits
  /// for room: see job_options::when_full.
  std::size_t max_queued = std::numeric_limits<std::size_t>::max();
  /// Bytes. A worker that has more memory of its own than this after a job is replaced: what it
  /// shares with the program or with pool_options::preload since the fork, and has not written to,
  /// does not count. Absent: no worker is.
  std::optional<std::uint64_t> max_worker_memory{};
  /// A worker that has had no job for this time ends. Another one is started when there are jobs
  /// for it. Absent: workers wait without end.
  std::optional<std::chrono::nanoseconds> idle_timeout{};
  /// Each worker runs this call before its first job, and before it enters the sandbox of
  /// `worker.sandbox`. If the call throws, or ends the worker, the worker has not started: see
  /// @ref startup.
  pool_initializer initializer{};
  /// How the workers are run, and in which options::sandbox. options::timeout, options::grace and
  /// options::max_result apply to jobs whose @ref job_options leave them absent. Text that
  /// options::out and options::err capture is in the outcome of the job that wrote it.
  /// options::early does not apply; options::keep cannot be @ref all_descriptors.
  options worker{};
  /// When workers are replaced that could go on.
  recycle_options recycle{};
  /// The limits for workers that do not start.
  worker_startup startup{};
  /// The places of the workers, one each: at least as many as there are workers. A slot is free
  /// when the process of its worker has ended, but a replacement starts in that of the worker that
  /// goes on until then. Empty: workers differ by this_worker::slot alone.
  std::vector<worker_slot> slots{};
  /// So many workers stay when there are no jobs. More come as jobs do, one ahead of need, up to
  /// @ref workers, and end when they have had no job for @ref idle_timeout, or for a minute if that
  /// is absent. Absent: all are there always, or with an idle timeout as many as there are jobs.
  std::optional<std::size_t> min_workers{};
  /// Called for each worker that did not start, with what is known of it: the exception of the
  /// initializer or of the preload, the signal, the exit code, what it wrote to stderr, or what the
  /// system refused. Workers that are started at once are told one by one. Runs in
  /// the event loop, one call at a time, and not after the pool is destroyed; an exception leaves
  /// the event loop's `run()`.
  std::function<void(const outcome<void>&)> on_start_failure{};
  /// The pool's fork server runs this call once, before it forks the workers: each worker starts
  /// with the state that the call has made, in memory that it shares with the others until it
  /// writes to it. Jobs wait for the call. The rest is said of fork_server_options::preload. If the
  /// call fails, no worker starts: see @ref startup. If somebody kills the server during the call,
  /// it is made again.
  startup_call preload{};
  /// How long the event loop, after it has sent a job, and a worker, after it has sent a reply,
  /// look for what comes next before they sleep. To be woken takes longer than to run a short job:
  /// with 50 us a job's way there and back takes a quarter of the time, if there is a processor for
  /// the event loop and one for each worker that has jobs. Both use their processors meanwhile, and
  /// a worker's looks count towards resource_limits::cpu_time. Other handlers run between two
  /// looks, but the event loop's `poll()` returns only when the jobs are done or the time is over.
  /// Zero: they sleep at once. At most a second.
  std::chrono::nanoseconds spin{0};
};

/// The fate of a job if as many wait as pool_options::max_queued allows.
enum class admission {
  /// The job completes with error::queue_full.
  refuse,
  /// The job waits until there is room, in the order in which such jobs have come. Meanwhile it has
  /// no place in the queue yet, whatever its priority, but expires and can be cancelled.
  wait,
};

/// A name for jobs that have something in common: job_options::tenant, job_options::key. Made of
/// any text, whose copy is shared by the copies of the name.
///
/// @par Thread safety
/// Distinct objects: safe. Shared objects: safe for const members.
class job_name {
 public:
  /// The empty name.
  job_name() = default;
  /// Copies the text.
  /// @param text a string of any type
  /// @par Exception safety
  /// Strong guarantee: `std::bad_alloc`.
  template <class Text>
    requires(!std::same_as<std::remove_cvref_t<Text>, job_name> &&
             std::convertible_to<const Text&, std::string_view>)
  job_name(const Text& text) {
    if (std::string_view const chars = text; !chars.empty())
      text_ = std::make_shared<const std::string>(chars);
  }

  /// Returns the text.
  /// @return characters that live as long as this object is not assigned to
  std::string_view view() const noexcept { return text_ ? *text_ : std::string_view{}; }

 private:
  // Not a string: GCC 12 copies temporaries of a `co_await` expression byte by byte, also those
  // that are default arguments, and a short string points into itself.
  std::shared_ptr<const std::string> text_;
};

/// How one job of a pool is run; an aggregate for designated initialisers, every member with a
/// default.
struct job_options {
  /// Wall-clock limit. The time begins when the job is next in its worker: when it is sent to one
  /// that has no other job, or when the reply to the job before it comes. So what a worker needs to
  /// wake up and to read the arguments is part of it. If the worker has not begun the job by the
  /// limit, the time begins when the pool sees that it has. The worker is killed at the limit, and
  /// the outcome is ending::timed_out. Absent: that of pool_options::worker.
  std::optional<std::chrono::nanoseconds> timeout{};
  /// The time between a polite signal and SIGKILL, see options::grace. Absent: that of
  /// pool_options::worker. Zero: SIGKILL at once.
  std::optional<std::chrono::nanoseconds> grace{};
  /// Bytes of the largest result, see options::max_result. Absent: that of pool_options::worker.
  std::optional<std::size_t> max_result{};
  /// The time by which the job has to be done. A job that no worker has begun by then completes
  /// with error::expired, and ran::no. One that runs then is ended as by a timeout. Absent: none.
  /// If there is a timeout, too, the first that comes counts.
  std::optional<std::chrono::steady_clock::time_point> deadline{};
  /// Jobs of a higher priority are begun first, those of equal priority in the order in which they
  /// came. One in eight jobs is the one that has waited longest, whatever its priority, so that
  /// each has its turn. While jobs have priorities or tenants, workers get one job at a time.
  int priority = 0;
  /// Jobs of equal priority with different names take turns, a job each: a flood of one tenant's
  /// jobs delays another's by one job for each tenant that has jobs waiting.
  job_name tenant{};
  /// A worker that has run a job with the same key lately is preferred, if it would begin the job
  /// as early as another one: its caches are warm. Empty: any worker.
  job_name key{};
  /// The fate of the job if no more may wait.
  admission when_full = admission::refuse;
};

/// Counts of a pool's jobs and workers.
struct pool_stats {
  /// Jobs that a worker has been given. A job that was given to several workers counts once.
  std::uint64_t started = 0;
  /// Jobs that workers have.
  std::size_t running = 0;
  /// Jobs that wait for a worker, or for room in the queue.
  std::size_t queued = 0;
  /// How many jobs have completed with each ending.
  std::map<ending, std::uint64_t> endings{};
  /// Workers that are alive or are being started.
  std::size_t workers = 0;
  /// Workers that were started to replace another.
  std::uint64_t restarts = 0;
  /// How many workers the pool has told to leave, by reason: `max_jobs_per_worker`,
  /// `max_worker_memory`, `idle_timeout`, `age`, `memory_growth`, `unhealthy`, `recycled` (by
  /// worker_pool::async_recycle), `resized`, `credentials` (the program's have changed), and the
  /// reasons that jobs gave to this_worker::retire. After 64 different ones the others count as
  /// `other`. Workers that ended by themselves or were killed are not among them, but for those
  /// that were killed because they were `unhealthy`.
  std::map<std::string, std::uint64_t> retired{};
  /// The sum of the wall times of jobs.
  std::chrono::nanoseconds busy{0};
};

}  // namespace isolatte::inline v0_1

#endif
