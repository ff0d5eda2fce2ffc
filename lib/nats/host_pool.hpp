// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_NATS_HOST_POOL_HPP
#define ISOLATTE_LIB_NATS_HOST_POOL_HPP

#include "logic/moment.hpp"
#include "nats/watchdog.hpp"

#include <isolatte/detail/operation/relayed_job.hpp>
#include <isolatte/detail/task/remote_call.hpp>
#include <isolatte/detail/vocabulary/report.hpp>
#include <isolatte/pool_options.hpp>
#include <isolatte/worker_pool.hpp>

#include <boost/system/error_code.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>

namespace isolatte::inline v0_1::nats {

using isolatte::logic::moment;

/// The pool that runs a host's jobs, as long as its owner lets the host have it, and the watchdog
/// that knows of their workers.
class host_pool {
 public:
  /// Called on an executor of the pool's, and not called if the pool has been released.
  /// @param is_killed whether the watchdog has killed the worker
  using done_handler = std::function<void(boost::system::error_code ec,
                                          isolatte::detail::report&& what, bool is_killed)>;

  explicit host_pool(isolatte::detail::pool_handle& pool);

  // For any thread.
  std::size_t workers() const noexcept;
  /// Jobs of the host that workers have.
  std::uint64_t running() const noexcept { return *running_; }
  /// Whether a process kills the jobs if this one is stopped.
  bool is_watched() const noexcept { return is_watched_; }
  /// From here on no job is given to the pool.
  void release() noexcept;

  /// @param on_kept called on an executor of the pool's when a withdrawal was in vain
  /// @return null if the pool has been released
  /// @throws std::bad_alloc
  std::shared_ptr<isolatte::detail::relayed_job> give(const isolatte::detail::remote_call& call,
                                                      const job_options& opts,
                                                      std::function<void()> on_kept,
                                                      done_handler done);

  /// Makes the watchdog anew if it has ended.
  void keep_watch() noexcept;
  /// The watchdog looks so often.
  void look_each(std::chrono::nanoseconds interval) noexcept;
  /// The workers that have jobs are killed unless this is called again by then.
  void may_live_until(moment end) noexcept;

 private:
  std::shared_ptr<watchdog> watchdog_;
  std::atomic<bool> is_watched_;
  // For a watchdog that is made later.
  std::chrono::nanoseconds interval_ = std::chrono::milliseconds{100};
  moment end_ = moment::max();
  std::shared_ptr<std::atomic<std::uint64_t>> const running_ =
      std::make_shared<std::atomic<std::uint64_t>>(0);
  /// Held while the pool is used, which may complete other jobs, and those destroy the host.
  mutable std::recursive_mutex mutex_;
  isolatte::detail::pool_handle* pool_;
};

}  // namespace isolatte::inline v0_1::nats

#endif
