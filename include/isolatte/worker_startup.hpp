// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_WORKER_STARTUP_HPP
#define ISOLATTE_WORKER_STARTUP_HPP

#include <isolatte/config.hpp>

#include <chrono>
#include <optional>

namespace isolatte::inline v0_1 {

/// The limits that a pool keeps with workers that do not start: whose initializer throws, ends the
/// worker or hangs, or that end before they can take a job. A preload that fails is such a start,
/// too.
///
/// A worker that ends while it has a job, because it is idle or because it is replaced has started
/// well before. If the system refuses a worker (`fork`, a descriptor), the pool tries again after
/// 40 ms to 1.3 s, without an end.
struct worker_startup {
  /// A worker that cannot take a job this long after it was asked for is killed, and counts as one
  /// that did not start. The time for pool_options::preload, for which the first ones wait, is
  /// included. Absent: workers may take as long as they like.
  std::optional<std::chrono::nanoseconds> timeout = std::chrono::minutes{5};
  /// The time from a start that failed to the next one, which doubles with each in a row that
  /// fails. One worker is started at a time until one succeeds.
  std::chrono::nanoseconds backoff_min = std::chrono::milliseconds{100};
  /// The longest such time.
  std::chrono::nanoseconds backoff_max = std::chrono::seconds{30};
  /// After so many starts in a row have failed, a pool that has no worker gives up: jobs, also
  /// those that come later, complete with error::worker_start_failed until worker_pool::resume.
  /// Workers that are started at once, and fail, count once. 0: the pool goes on trying, and jobs
  /// wait.
  unsigned give_up_after = 3;
};

}  // namespace isolatte::inline v0_1

#endif
