// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "supervise/observers.hpp"

#include "posix/process_registry.hpp"

#include <algorithm>
#include <list>
#include <new>
#include <optional>
#include <utility>
#include <vector>

namespace isolatte::inline v0_1::supervise {

namespace {

using observer_list = std::vector<std::shared_ptr<detail::observer>>;

/// Changed with the registry locked, so that no child finds it half changed. A list that is being
/// used stays as it is.
std::shared_ptr<const observer_list>& current() noexcept {
  static std::shared_ptr<const observer_list> list;
  return list;
}

bool is_here(const std::shared_ptr<detail::observer>& each) noexcept {
  return !each->made.is_elsewhere();
}

void deliver(const job_event& event) noexcept {
  std::shared_ptr<const observer_list> list;
  {
    auto const lock = posix::lock_registry();
    list = current();
  }
  if (!list) return;
  for (auto const& each : *list) {
    if (!is_here(each)) continue;
    std::lock_guard const call{each->calling};
    if (!each->is_dismissed) each->told(event);
  }
}

/// Events that happen while this thread calls an observer are told after that call: a mutex of the
/// observer's own may be held until then, and the mutexes of two observers have no order.
struct events_of_call {
  struct event {
    job_event what;
    std::optional<run_summary> summary;
  };

  posix::origin made{};
  std::list<event> later{};
};

constinit thread_local events_of_call* calling = nullptr;

/// @return false if there is no memory
bool defer(const job_event& event) noexcept try {
  auto& kept = calling->later.emplace_back(events_of_call::event{event, std::nullopt});
  if (event.summary != nullptr) kept.what.summary = &kept.summary.emplace(*event.summary);
  return true;
} catch (const std::bad_alloc&) {
  return false;
}

}  // namespace

constinit std::atomic<bool> is_observed = false;

void engage(const std::shared_ptr<detail::observer>& what) {
  auto const lock = posix::lock_registry();
  auto fresh = std::make_shared<observer_list>();
  if (auto const& before = current())
    std::copy_if(before->begin(), before->end(), std::back_inserter(*fresh), is_here);
  fresh->push_back(what);
  current() = std::move(fresh);
  is_observed = true;
}

void dismiss(detail::observer& what) noexcept {
  // A thread of the original may have held the mutex at the fork.
  if (what.made.is_elsewhere()) return;
  {
    std::lock_guard const last_call{what.calling};
    what.is_dismissed = true;
  }
  auto const lock = posix::lock_registry();
  auto const is_other = [&what](const auto& each) { return each.get() != &what; };
  auto const& before = current();
  if (std::none_of(before->begin(), before->end(), is_other)) {
    is_observed = false;
    current() = nullptr;
    return;
  }
  try {
    auto fresh = std::make_shared<observer_list>();
    std::copy_if(before->begin(), before->end(), std::back_inserter(*fresh), is_other);
    current() = std::move(fresh);
  } catch (const std::bad_alloc&) {
    // The observer stays in the list, and is passed over.
  }
}

bool has_observers() noexcept {
  auto const lock = posix::lock_registry();
  auto const& list = current();
  return list && std::any_of(list->begin(), list->end(), is_here);
}

void tell_observers(const job_event& event) noexcept {
  // A child that is forked during a call has no call under way.
  if (calling != nullptr && !calling->made.is_elsewhere()) {
    if (!defer(event)) deliver(event);
    return;
  }
  events_of_call during;
  auto* const outside = std::exchange(calling, &during);
  deliver(event);
  for (; !during.later.empty(); during.later.pop_front()) deliver(during.later.front().what);
  calling = outside;
}

}  // namespace isolatte::inline v0_1::supervise
