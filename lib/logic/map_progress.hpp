// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_LOGIC_MAP_PROGRESS_HPP
#define ISOLATTE_LIB_LOGIC_MAP_PROGRESS_HPP

#include <cstddef>
#include <optional>
#include <vector>

namespace isolatte::inline v0_1::logic {

/// Decides for the jobs of a map which one starts next, when to stop, and when all are done.
///
/// If the system refuses a job while others run, the job waits until one of them has ended. From
/// then on fewer jobs run at once. If the system refuses a job that was started alone, the job has
/// failed: no end of another job could free what it lacks.
class map_progress {
 public:
  struct policy {
    std::size_t at_most = 1;
    bool stop_on_error = false;
    /// The number of elements, if the range knows it.
    std::optional<std::size_t> total{};
  };
  enum class step {
    /// Call take() if the range has an element, otherwise exhausted() or broken().
    take,
    /// Start the job whose index retry() returns once more.
    retry,
    /// Wait for the end of a job.
    wait,
    complete,
  };
  /// The end of one job.
  enum class end {
    success,
    failure,
    /// The job was never started, because the system is short of something.
    shortage,
    /// The operation of the job was aborted.
    aborted,
  };
  struct effect {
    /// False: keep the job, because retry() will name it again.
    bool settled = true;
    /// Ask the running jobs to stop: this was the first failure, and the policy says so.
    bool stop_others = false;
  };

  explicit map_progress(policy how) noexcept;

  step next() const noexcept;

  /// Reserves room for one more waiting job. Call it before take(), so that ended() never allocates
  /// and cannot fail.
  void make_room();
  /// Records that an element was taken and that its job is being started.
  /// @return the index of the job
  std::size_t take() noexcept;
  /// Records that the range has no more elements.
  void exhausted() noexcept;
  /// Records that the range threw, so that no more elements are taken.
  void broken() noexcept { no_more_ = true; }
  /// Records that the job which has waited longest is being started once more.
  /// @return the index of the job
  std::size_t retry() noexcept;

  effect ended(std::size_t index, end how) noexcept;

  /// Starts no more jobs.
  void cancel() noexcept;

  /// Whether no more jobs are started, even if some are left.
  bool stopping() const noexcept { return stopping_; }
  /// Whether a cancellation left a job undone.
  bool aborted() const noexcept { return aborted_; }
  /// The number of jobs that have ended and are not tried again.
  std::size_t done() const noexcept { return done_; }
  std::size_t taken() const noexcept { return taken_; }
  /// The number of elements, or 0 as long as it is unknown.
  std::size_t total() const noexcept { return total_.value_or(0); }
  std::size_t under_way() const noexcept { return under_way_; }
  /// The number of jobs that may be under way now.
  std::size_t limit() const noexcept { return limit_; }

 private:
  void started(std::size_t index) noexcept;
  /// Allows one more job at once after `limit_` jobs have ended without a shortage.
  void grow() noexcept;

  std::size_t const at_most_;
  bool const stop_on_error_;
  std::optional<std::size_t> total_;
  std::size_t limit_;
  std::size_t ended_since_change_ = 0;
  std::size_t taken_ = 0;
  std::size_t under_way_ = 0;
  std::size_t done_ = 0;
  /// The jobs to start once more, unless the map is stopping, in the order of their shortages.
  /// Together with the jobs under way they are never more than at_most_.
  std::vector<std::size_t> waiting_;
  /// The last job that was started when no other was under way.
  std::optional<std::size_t> alone_;
  bool no_more_ = false;
  bool stopping_ = false;
  bool cancelled_ = false;
  bool aborted_ = false;
};

}  // namespace isolatte::inline v0_1::logic

#endif
