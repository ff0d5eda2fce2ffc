// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_NATS_LOGIC_LIFE_LIMIT_HPP
#define ISOLATTE_LIB_NATS_LOGIC_LIFE_LIMIT_HPP

#include "logic/moment.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>

namespace isolatte::inline v0_1::nats::logic {

using isolatte::logic::moment;

/// Until when the workers that have a host's jobs may live, as the watchdog of the host knows it.
class life_limit {
 public:
  /// Counts all jobs anew.
  void begin() noexcept { end_ = moment::max(); }
  /// One of the jobs is to be killed then.
  void bound(moment fence_at) noexcept { end_ = std::min(end_, fence_at); }

  /// When the first job is to be killed. The limit is set anew then.
  moment end() const noexcept { return end_; }
  /// When the watchdog kills the workers. The host kills the job itself, a little earlier.
  moment kill_at(std::chrono::nanoseconds lease) const noexcept {
    return isolatte::logic::later(end_, lease / 16);
  }

  /// Whether the limit is to be set anew before a worker has a job.
  bool is_wrong_for(moment fence_at, moment now) const noexcept {
    // A moment that has passed was that of jobs which are gone.
    return fence_at < end_ || end_ <= now;
  }
  /// Whether the limit is to be set anew because its jobs are done. Otherwise it would be that of
  /// the next job's worker.
  /// @param running jobs that workers have
  bool is_needless(std::size_t jobs, std::size_t running) const noexcept {
    return jobs == 0 && running == 0 && end_ != moment::max();
  }

 private:
  moment end_ = moment::max();
};

}  // namespace isolatte::inline v0_1::nats::logic

#endif
