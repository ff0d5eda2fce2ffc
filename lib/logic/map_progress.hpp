// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_LOGIC_MAP_PROGRESS_HPP
#define ISOLATTE_LIB_LOGIC_MAP_PROGRESS_HPP

#include <cstddef>
#include <optional>
#include <vector>

namespace isolatte::logic {

/// Decides for many jobs which is started next, when to stop, and when all is done.
///
/// A job that could not be started for want of something that the others hold is not lost: it waits
/// until one of them has ended, and fewer run from then on. Only a job that was started while no
/// other was under way, and still finds the system short, has failed.
class map_progress {
 public:
  struct policy {
    std::size_t at_most = 1;
    bool stop_on_error = false;
    /// How many elements there are, where that is known beforehand.
    std::optional<std::size_t> total{};
  };
  enum class step {
    /// Ask for an element: take() one, or say exhausted() or broken().
    take,
    /// Start the job that retry() names once more.
    retry,
    /// Something has to end first.
    wait,
    complete,
  };
  /// How a job ended.
  enum class end {
    success,
    failure,
    /// It was never started, because the system is short of something.
    shortage,
    /// Its operation was aborted.
    aborted,
  };
  struct effect {
    /// The job is done; otherwise it is to be kept, for it is tried again.
    bool settled = true;
    /// The first failure: ask those that run to stop.
    bool stop_others = false;
  };

  explicit map_progress(policy how) noexcept;

  step next() const noexcept;

  /// To be called before take(): all that can fail, so that nothing does when a job has ended.
  void make_room();
  /// An element was taken and its job is being started.
  /// @return its index
  std::size_t take() noexcept;
  /// The range has no more elements.
  void exhausted() noexcept;
  /// The range is not to be asked for more elements.
  void broken() noexcept { no_more_ = true; }
  /// The job that has waited longest is being started once more.
  /// @return its index
  std::size_t retry() noexcept;

  effect ended(std::size_t index, end how) noexcept;

  /// Nothing more is started.
  void cancel() noexcept;

  /// Whether nothing more is to be started, whatever is left.
  bool stopping() const noexcept { return stopping_; }
  /// Whether cancellation kept anything from being done.
  bool aborted() const noexcept { return aborted_; }
  /// Jobs that have ended for good.
  std::size_t done() const noexcept { return done_; }
  std::size_t taken() const noexcept { return taken_; }
  /// How many elements there are, once that is known; 0 before.
  std::size_t total() const noexcept { return total_.value_or(0); }
  std::size_t under_way() const noexcept { return under_way_; }
  /// How many may be under way at present.
  std::size_t limit() const noexcept { return limit_; }

 private:
  void started(std::size_t index) noexcept;
  void stop() noexcept;
  /// After a shortage: one more each time that as many have ended as may run at once.
  void grow() noexcept;

  std::size_t const at_most_;
  bool const stop_on_error_;
  std::optional<std::size_t> total_;
  std::size_t limit_;
  std::size_t ended_since_change_ = 0;
  std::size_t taken_ = 0;
  std::size_t under_way_ = 0;
  std::size_t done_ = 0;
  /// To be started once more, in the order of their shortages. These and those under way are never
  /// more than at_most_.
  std::vector<std::size_t> waiting_;
  /// The job that was started when no other was under way.
  std::optional<std::size_t> alone_;
  bool no_more_ = false;
  bool stopping_ = false;
  bool cancelled_ = false;
  bool aborted_ = false;
};

}  // namespace isolatte::logic

#endif
