// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "supervise/strand.hpp"

#include <boost/asio/query.hpp>

namespace isolatte::inline v0_1::supervise {

namespace asio = boost::asio;

asio::execution_context& strand::query(asio::execution::context_t what) const noexcept {
  return asio::query(state_->inner, what);
}

bool strand::state::try_enter() noexcept {
  if (!runs_here(inner)) return false;
  std::lock_guard const lock{mutex_};
  if (std::exchange(busy_, true)) return false;
  running_ = std::this_thread::get_id();
  return true;
}

void strand::state::add(step& what) {
  what.next_ = nullptr;
  {
    std::lock_guard const lock{mutex_};
    (last_ == nullptr ? first_ : last_->next_) = &what;
    last_ = &what;
    if (std::exchange(busy_, true)) return;
  }
  supervise::post(inner, shared_from_this());
}

/// Runs the steps that are there now. Others get their turn after other handlers of the loop.
void strand::state::run(std::shared_ptr<loop_task>) {
  turn const entered{shared_from_this(), true};
  running_ = std::this_thread::get_id();
  {
    std::lock_guard const lock{mutex_};
    ready_ = std::exchange(first_, nullptr);
    last_ = nullptr;
  }
  while (step* const next = ready_) {
    ready_ = next->next_;
    next->run();
  }
}

void strand::state::leave() {
  running_ = std::thread::id{};
  {
    std::lock_guard const lock{mutex_};
    // A step has thrown: those after it go first in the next turn.
    if (step* last = std::exchange(ready_, nullptr)) {
      step* const first = last;
      while (last->next_ != nullptr) last = last->next_;
      last->next_ = first_;
      if (first_ == nullptr) last_ = last;
      first_ = first;
    }
    busy_ = first_ != nullptr;
    if (!busy_) return;
  }
  supervise::post(inner, shared_from_this());
}

void strand::state::dropped() noexcept {
  step* each = nullptr;
  {
    std::lock_guard const lock{mutex_};
    each = std::exchange(first_, nullptr);
    last_ = nullptr;
    busy_ = false;
  }
  while (each != nullptr) std::exchange(each, each->next_)->drop();
}

}  // namespace isolatte::inline v0_1::supervise
