// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "nats/host_pool.hpp"

#include "nats/pool_job.hpp"

#include <utility>

namespace isolatte::inline v0_1::nats {

host_pool::host_pool(isolatte::detail::pool_handle& pool)
    : watchdog_{watchdog::make()}, is_watched_{watchdog_ != nullptr}, pool_{&pool} {}

std::size_t host_pool::workers() const noexcept {
  std::lock_guard const lock{mutex_};
  return pool_ != nullptr ? pool_->concurrency() : 0;
}

void host_pool::release() noexcept {
  std::lock_guard const lock{mutex_};
  pool_ = nullptr;
}

std::shared_ptr<isolatte::detail::relayed_job> host_pool::give(
    const isolatte::detail::remote_call& call, const job_options& opts,
    std::function<void()> on_kept, done_handler done) {
  auto const watched = std::make_shared<pool_job>(watchdog_, running_, std::move(on_kept));
  std::lock_guard const lock{mutex_};
  if (pool_ == nullptr) return nullptr;
  return pool_->relay(call, opts, watched,
                      [watched, done = std::move(done)](boost::system::error_code ec,
                                                        isolatte::detail::report what) {
                        bool const is_killed = watched->end();
                        done(ec, std::move(what), is_killed);
                      });
}

void host_pool::keep_watch() noexcept {
  if (!watchdog_) {
    watchdog_ = watchdog::make();
    look_each(interval_);
    may_live_until(end_);
  }
  is_watched_ = watchdog_ && watchdog_->keep();
}

void host_pool::look_each(std::chrono::nanoseconds interval) noexcept {
  interval_ = interval;
  if (watchdog_) watchdog_->look_each(interval);
}

void host_pool::may_live_until(moment end) noexcept {
  end_ = end;
  if (watchdog_) watchdog_->may_live_until(end);
}

}  // namespace isolatte::inline v0_1::nats
