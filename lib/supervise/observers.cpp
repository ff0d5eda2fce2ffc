// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "supervise/observers.hpp"

#include "posix/process_registry.hpp"

#include <mutex>
#include <new>
#include <utility>

namespace isolatte::inline v0_1::supervise {

namespace {

std::atomic<std::uint64_t> jobs = 0;

/// Events in the order in which they are to be told.
class event_queue {
 public:
  void add(std::unique_ptr<kept_event> event) noexcept {
    auto& place = first_ ? last_->next : first_;
    place = std::move(event);
    last_ = place.get();
  }
  /// @return null if there is none
  std::unique_ptr<kept_event> take() noexcept {
    auto taken = std::move(first_);
    if (taken) first_ = std::move(taken->next);
    return taken;
  }

 private:
  std::unique_ptr<kept_event> first_;
  /// Valid while there is a first one.
  kept_event* last_ = nullptr;
};

/// The observers of one process. A copy of the process has none of them.
///
/// One thread at a time calls observers, whatever the event. So nothing is told between a call and
/// the events that wait for its end, and two observers never wait for each other.
///
/// Never destroyed: observations and execution contexts with static storage may be destroyed after
/// any of this library's static objects would have been. In a copy of the process a thread that is
/// not there may hold its mutexes, so only the calls that were under way in the thread that forked
/// still use it.
class audience {
 public:
  /// @return null if this process has never had an observer
  static audience* here() noexcept {
    audience* const found = current_.load(std::memory_order_acquire);
    return found != nullptr && !found->made_.is_elsewhere() ? found : nullptr;
  }
  /// @throws std::bad_alloc
  static audience& make_here() {
    // The registry has to be there before the audience is, because it notices forks.
    auto const lock = posix::lock_registry();
    if (audience* const found = here()) return *found;
    auto* const fresh = new audience{current_.load()};
    current_.store(fresh, std::memory_order_release);
    return *fresh;
  }

  /// Waits for no call.
  void admit(std::shared_ptr<detail::observer> what) noexcept {
    std::lock_guard const lock{list_};
    // A job gets its number before first() is called for it. So if its beginning has been told
    // without this observer, it is one from before.
    what->last_before = jobs;
    what->next = std::move(first_);
    first_ = std::move(what);
    is_observed = true;
  }
  void dismiss(detail::observer& what) noexcept {
    std::unique_lock last_call{turn_, std::defer_lock};
    if (!is_calling()) last_call.lock();
    what.is_dismissed = true;
    std::lock_guard const lock{list_};
    auto* place = &first_;
    while (place->get() != &what) place = &(*place)->next;
    *place = what.next;
    if (!first_) is_observed = false;
  }

  /// Whether this thread is calling observers.
  bool is_calling() const noexcept { return calling_ == this; }
  /// Tells an event and those that wait for its end. Not within a call.
  void tell(const job_event& event) noexcept {
    std::lock_guard const turn{turn_};
    auto const* const outside = std::exchange(calling_, this);
    deliver(event);
    while (auto const next = later_.take()) deliver(next->what);
    calling_ = outside;
  }
  /// Within a call.
  void tell_later(std::unique_ptr<kept_event> event) noexcept {
    if (event->what.summary != nullptr) event->keep_summary();
    later_.add(std::move(event));
  }

 private:
  explicit audience(audience* of_original) noexcept : of_original_{of_original} {}

  std::shared_ptr<detail::observer> first() const noexcept {
    std::lock_guard const lock{list_};
    return first_;
  }
  /// A call may begin and end observations, and may fork and return in the copy.
  void deliver(const job_event& event) const noexcept {
    if (made_.is_elsewhere()) return;
    for (auto each = first(); each && !made_.is_elsewhere(); each = each->next)
      if (!each->is_dismissed && event.job > each->last_before) each->told(event);
  }

  static inline constinit std::atomic<audience*> current_ = nullptr;
  /// Whose observers this thread is calling, or null.
  static inline constinit thread_local const audience* calling_ = nullptr;

  posix::origin const made_{};
  /// Held while observers are called, and while one is taken out.
  std::mutex turn_;
  /// Used by the thread that calls observers.
  event_queue later_;
  /// Guards the first observer and the links. Held briefly.
  mutable std::mutex list_;
  std::shared_ptr<detail::observer> first_;
  /// Found here by those who look for leaks.
  [[maybe_unused]] audience* const of_original_;
};

/// The part of a summary that needs no memory.
run_summary without_texts(const run_summary& of) noexcept {
  return {.how = of.how,
          .ran = of.ran,
          .exit_code = of.exit_code,
          .signal = of.signal,
          .core_dumped = of.core_dumped,
          .pid = of.pid,
          .usage = of.usage,
          .worker = of.worker};
}

}  // namespace

constinit std::atomic<bool> is_observed = false;

void kept_event::keep_summary() noexcept {
  try {
    summary = *what.summary;
  } catch (const std::bad_alloc&) {
    summary = without_texts(*what.summary);
  }
  what.summary = &summary;
}

void engage(std::shared_ptr<detail::observer> what) {
  audience::make_here().admit(std::move(what));
}

void dismiss(detail::observer& what) noexcept {
  if (!what.made.is_elsewhere()) audience::here()->dismiss(what);
}

bool has_observers() noexcept { return is_observed && audience::here() != nullptr; }

std::uint64_t number_job() noexcept { return ++jobs; }

bool tell_observers(const job_event& event) noexcept {
  audience* const all = audience::here();
  if (all == nullptr) return true;
  if (!all->is_calling()) {
    all->tell(event);
    return true;
  }
  std::unique_ptr<kept_event> kept{new (std::nothrow) kept_event{.what = event}};
  if (!kept) return false;
  all->tell_later(std::move(kept));
  return true;
}

void tell_observers(std::unique_ptr<kept_event> event) noexcept {
  audience* const all = audience::here();
  if (all == nullptr) return;
  if (!all->is_calling()) return all->tell(event->what);
  all->tell_later(std::move(event));
}

}  // namespace isolatte::inline v0_1::supervise
