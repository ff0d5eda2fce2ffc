// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_SUPERVISE_OBSERVERS_HPP
#define ISOLATTE_LIB_SUPERVISE_OBSERVERS_HPP

#include "posix/origin.hpp"

#include <isolatte/observe.hpp>
#include <isolatte/run_summary.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

namespace isolatte::inline v0_1 {

namespace detail {

/// One function that is told of jobs.
struct observer {
  explicit observer(std::function<void(const job_event&)> what) : told{std::move(what)} {}

  std::function<void(const job_event&)> const told;
  posix::origin const made{};
  /// The last job that had been asked for when the observation began.
  std::uint64_t last_before = 0;
  /// Changed while no other thread calls observers.
  bool is_dismissed = false;
  /// The next observer of the process. Kept after a dismissal: a call of this observer may be under
  /// way, and the next one is called after it.
  std::shared_ptr<observer> next{};
};

}  // namespace detail

namespace supervise {

/// One event of a job, and room for all that it needs to be told later.
struct kept_event {
  job_event what{};
  run_summary summary{};
  std::unique_ptr<kept_event> next{};

  /// Copies the summary to which the event points. Without memory its texts are left out.
  void keep_summary() noexcept;
};

/// Whether there are observers, in this process or in the one of which it is a copy.
extern std::atomic<bool> is_observed;

/// @throws std::bad_alloc
void engage(std::shared_ptr<detail::observer> what);
/// Waits for calls that are under way in another thread.
void dismiss(detail::observer& what) noexcept;
/// Whether this process has observers.
bool has_observers() noexcept;
/// A number for a job that is asked for now.
std::uint64_t number_job() noexcept;

// Observers hear of each job in the order in which this is called for it, from whatever threads. If
// this thread is calling an observer, the event is told when that call has returned, and before any
// other thread tells one. Otherwise it has been told when this returns.

/// @return false if the event is lost, because there is no memory to tell it later
bool tell_observers(const job_event& event) noexcept;
/// Loses nothing.
void tell_observers(std::unique_ptr<kept_event> event) noexcept;

}  // namespace supervise

}  // namespace isolatte::inline v0_1

#endif
