// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "logic/map_progress.hpp"
#include "posix/origin.hpp"
#include "posix/process_registry.hpp"
#include "supervise/executors.hpp"
#include "supervise/pending_handler.hpp"

#include <isolatte/detail/operation/map_operation.hpp>
#include <isolatte/error.hpp>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <atomic>
#include <map>
#include <new>
#include <thread>
#include <utility>

namespace isolatte::inline v0_1::detail {

namespace asio = boost::asio;
using boost::system::error_code;
namespace errc = boost::system::errc;
using logic::map_progress;

std::size_t processors() noexcept {
  return std::max<std::size_t>(std::thread::hardware_concurrency(), 1);
}

namespace {

/// Whether the end of another job can help: error::queue_full is one of these, too.
bool is_shortage(const error_code& ec) noexcept {
  return ec == errc::resource_unavailable_try_again || ec == errc::not_enough_memory ||
         ec == errc::too_many_files_open || ec == errc::too_many_files_open_in_system;
}

/// A turn, and cancellations. Completions of jobs bring memory of their own.
constexpr std::size_t posted_at_once = 8;

map_progress::end end_of(const error_code& ec, bool good) noexcept {
  using end = map_progress::end;
  if (ec == asio::error::operation_aborted) return end::aborted;
  if (is_shortage(ec)) return end::shortage;
  return ec || !good ? end::failure : end::success;
}

/// The error of an exception on the way to a job's start. To be called in a catch block.
error_code error_of_start() noexcept {
  try {
    throw;
  } catch (const std::bad_alloc&) {
    return make_error_code(errc::not_enough_memory);
  } catch (...) {
    return error::bad_element;
  }
}

}  // namespace

struct map_operation::state {
  state(asio::any_io_executor ex, settings how)
      : executor{std::move(ex)},
        strand{executor, posted_at_once},
        serial{strand},
        progress{{.at_most = how.at_most, .stop_on_error = how.stop_on_error, .total = how.total}},
        on_progress{std::move(how.on_progress)} {}

  /// Emits a signal to every job. A handler of the signal may erase any job, so the next one is
  /// found by its index: an iterator could be invalid.
  void stop_all(asio::cancellation_type type) {
    for (auto at = jobs.begin(); at != jobs.end();) {
      std::size_t const index = at->first;
      at->second->stop.emit(type);
      at = jobs.upper_bound(index);
    }
  }

  /// Goes on without a job that has ended, or could not be started.
  void settle(std::size_t index, const error_code& ec, map_progress::end how) {
    bool const was_stopping = progress.stopping();
    auto const effect = progress.ended(index, how);
    if (!effect.settled) return;
    if (!was_stopping && !first_error) first_error = ec;
    jobs.erase(index);
    // Not terminal: the grace of the options applies, as at a timeout.
    if (effect.stop_others) stop_all(asio::cancellation_type::partial);
  }

  asio::any_io_executor const executor;
  supervise::strand const strand;
  /// The same.
  asio::any_io_executor const serial;
  map_progress progress;
  std::function<void(std::size_t, std::size_t)> on_progress;
  /// How many jobs on_progress has been told of.
  std::size_t reported = 0;
  /// The jobs that are under way, or to be tried again.
  std::map<std::size_t, std::unique_ptr<job>> jobs;
  error_code first_error;
  /// Set by the cancelling thread, so that a map that is cancelled before its first turn starts
  /// nothing.
  std::atomic<bool> cancelled = false;
  posix::origin const made{};
  bool turn_is_posted = false;
  bool complete = false;
  std::optional<supervise::basic_pending_handler<error_code>> handler;
};

map_operation::map_operation(asio::any_io_executor executor, settings how)
    : state_{std::make_unique<state>(std::move(executor), std::move(how))} {}

map_operation::~map_operation() = default;

const asio::any_io_executor& map_operation::serial() const noexcept { return state_->serial; }

void map_operation::begin(handler_type handler) {
  auto slot = asio::get_associated_cancellation_slot(handler);
  if (slot.is_connected())
    slot.assign([weak = weak_from_this()](asio::cancellation_type type) {
      auto const self = weak.lock();
      if (!self) return;
      self->state_->cancelled = true;
      asio::post(self->state_->strand, [weak, type] {
        auto going = weak.lock();
        if (!going) return;
        turn(std::move(going), [type](map_operation& map) {
          map.state_->progress.cancel();
          map.state_->stop_all(type);
        });
      });
    });
  state_->handler.emplace(std::move(handler), state_->executor);
  // The registry counts the forks from here on.
  posix::lock_registry();
  turn_later(shared_from_this());
}

/// Performs a step, and lets the map go on. If the step throws, which a user's callback may do, the
/// map goes on in a turn of its own.
template <class Step>
void map_operation::turn(std::shared_ptr<map_operation> self, Step what) {
  if (self->state_->complete) return;
  try {
    what(*self);
    self->report();
  } catch (...) {
    turn_later(std::move(self));
    throw;
  }
  switch (self->state_->progress.next()) {
    case map_progress::step::wait: break;
    case map_progress::step::complete: finish(std::move(self)); break;
    // Each child is made in a turn of its own: that takes time, and others use the loop, too.
    case map_progress::step::take:
    case map_progress::step::retry: turn_later(std::move(self)); break;
  }
}

void map_operation::turn_later(std::shared_ptr<map_operation> self) {
  if (std::exchange(self->state_->turn_is_posted, true)) return;
  auto const& on = self->state_->strand;
  asio::post(on, [self = std::move(self)]() mutable {
    self->state_->turn_is_posted = false;
    turn(std::move(self), [](map_operation& map) { map.step(); });
  });
}

/// Reports progress. Called last in a turn: the total is known by then, and an exception leaves the
/// state consistent.
void map_operation::report() {
  if (!state_->on_progress) return;
  while (state_->reported != state_->progress.done())
    state_->on_progress(++state_->reported, state_->progress.total());
}

void map_operation::step() {
  map_progress& progress = state_->progress;
  // In a copy of the program the elements are the original's to run.
  if (state_->cancelled || state_->made.is_elsewhere()) progress.cancel();
  switch (progress.next()) {
    case map_progress::step::take: take_next(); break;
    case map_progress::step::retry: start(progress.retry()); break;
    case map_progress::step::wait:
    case map_progress::step::complete: break;
  }
}

void map_operation::take_next() {
  map_progress& progress = state_->progress;
  std::size_t const index = progress.taken();
  try {
    std::unique_ptr<job> next = take(index);
    // From here on an allocation is one for a job: no map fails for one that it does not need.
    if (!next) return progress.exhausted();
    progress.make_room();
    state_->jobs.emplace(index, std::move(next));
  } catch (...) {
    // The range is not asked for more: an iterator that has thrown may be invalid. For the same
    // reason a shortage is no reason to try again.
    progress.take();
    progress.broken();
    refuse(index, std::current_exception());
    return state_->settle(index, error_of_start(), map_progress::end::failure);
  }
  progress.take();
  start(index);
}

void map_operation::start(std::size_t index) {
  error_code ec;
  try {
    return start_job(index, *state_->jobs.at(index));
  } catch (...) {
    ec = error_of_start();
    refuse(index, std::current_exception());
  }
  state_->settle(index, ec, end_of(ec, false));
}

void map_operation::ended(std::shared_ptr<map_operation> self, std::size_t index, error_code ec,
                          bool good) {
  turn(std::move(self), [=](map_operation& map) {
    map.state_->settle(index, ec, end_of(ec, good));
    map.step();
  });
}

void map_operation::finish(std::shared_ptr<map_operation> self) {
  state& map = *self->state_;
  map.complete = true;
  error_code ec = map.first_error;
  if (map.progress.aborted()) ec = asio::error::operation_aborted;
  map.jobs.clear();
  map.on_progress = nullptr;
  self->release();
  auto next = std::move(*map.handler);
  map.handler.reset();
  // A handler may count on it that the operation has been destroyed.
  self.reset();
  std::move(next).complete(std::move(ec));
}

}  // namespace isolatte::inline v0_1::detail
