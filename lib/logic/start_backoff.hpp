// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_LOGIC_START_BACKOFF_HPP
#define ISOLATTE_LIB_LOGIC_START_BACKOFF_HPP

#include "logic/moment.hpp"
#include "logic/pool_policy.hpp"

#include <chrono>

namespace isolatte::inline v0_1::logic {

/// Says when a pool may start its next worker. Two things go wrong with starts: the system refuses
/// a worker, and a worker ends, or hangs, before it can take a job.
class start_backoff {
 public:
  explicit start_backoff(const start_policy& policy) noexcept : policy_{policy} {}

  /// The system has refused a worker. Workers that were asked for at once are refused at once: that
  /// counts once.
  void refused(moment now) noexcept;
  /// The process that makes workers has ended.
  void interrupted(moment now) noexcept;
  /// A worker could not start. Only one counts of several that were started together.
  /// @param begun when it was started
  void failed(moment begun, moment now) noexcept;
  /// A worker has started.
  void succeeded() noexcept { refused_ = failed_ = 0; }
  /// A worker ended as soon as it had started, so that was no success.
  /// @param failures how many there had been before it started
  void succeeded_in_vain(unsigned failures, moment begun, moment now) noexcept;
  /// Starts anew: the reason for failures may be gone.
  void reset() noexcept;
  /// A system that was short of something may have it again. Has no effect after a failure.
  void hurry() noexcept {
    if (failed_ == 0) waits_ = false;
  }
  void tick(moment now) noexcept {
    if (now >= retry_at_) waits_ = false;
  }

  /// No worker may be started before retry_at().
  bool waits() const noexcept { return waits_; }
  /// The time to call tick().
  moment retry_at() const noexcept { return waits_ ? retry_at_ : moment::max(); }
  /// Only one worker may be starting at a time.
  bool is_careful() const noexcept { return failed_ != 0; }
  /// How many starts have failed in a row.
  unsigned failures() const noexcept { return failed_; }
  /// Starts have failed so often that more are of no use.
  bool gives_up() const noexcept {
    return policy_.give_up_after != 0 && failed_ >= policy_.give_up_after;
  }
  /// The system has refused workers so often that jobs without any should not wait.
  bool is_refused_for_long() const noexcept { return refused_ >= most_refusals; }

 private:
  friend class pool_inspection;

  void wait(std::chrono::nanoseconds time, moment now) noexcept;

  start_policy const policy_;
  unsigned refused_ = 0;
  unsigned failed_ = 0;
  moment last_failure_{};
  bool waits_ = false;
  moment retry_at_{};
};

}  // namespace isolatte::inline v0_1::logic

#endif
