// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_SUPERVISE_OBSERVERS_HPP
#define ISOLATTE_LIB_SUPERVISE_OBSERVERS_HPP

#include "posix/origin.hpp"

#include <isolatte/observe.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

namespace isolatte::inline v0_1 {

namespace detail {

/// One function that is told of jobs.
struct observer {
  explicit observer(std::function<void(const job_event&)> what) : told{std::move(what)} {}

  std::function<void(const job_event&)> const told;
  posix::origin const made{};
  /// Held during a call, which may end the observation.
  std::recursive_mutex calling;
  bool is_dismissed = false;
};

}  // namespace detail

namespace supervise {

/// Whether there are observers, in this process or in the one of which it is a copy.
extern std::atomic<bool> is_observed;

/// @throws std::bad_alloc
void engage(const std::shared_ptr<detail::observer>& what);
/// Waits for a call that is under way in another thread.
void dismiss(detail::observer& what) noexcept;
/// Whether this process has observers.
bool has_observers() noexcept;
void tell_observers(const job_event& event) noexcept;

}  // namespace supervise

}  // namespace isolatte::inline v0_1

#endif
