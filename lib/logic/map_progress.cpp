// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "logic/map_progress.hpp"

#include <algorithm>

namespace isolatte::inline v0_1::logic {

map_progress::map_progress(policy how) noexcept
    : at_most_{std::max<std::size_t>(how.at_most, 1)},
      stop_on_error_{how.stop_on_error},
      total_{how.total},
      limit_{at_most_} {}

map_progress::step map_progress::next() const noexcept {
  if (!stopping_ && under_way_ < limit_) {
    if (!waiting_.empty()) return step::retry;
    if (!no_more_) return step::take;
  }
  return under_way_ == 0 ? step::complete : step::wait;
}

void map_progress::make_room() {
  // No job waits when another one is taken.
  std::size_t const needed = under_way_ + 1;
  if (waiting_.capacity() < needed) waiting_.reserve(std::max(needed, 2 * waiting_.capacity()));
}

std::size_t map_progress::take() noexcept {
  std::size_t const index = taken_++;
  started(index);
  return index;
}

void map_progress::exhausted() noexcept {
  no_more_ = true;
  total_ = taken_;
}

std::size_t map_progress::retry() noexcept {
  std::size_t const index = waiting_.front();
  waiting_.erase(waiting_.begin());
  started(index);
  return index;
}

void map_progress::started(std::size_t index) noexcept {
  if (under_way_++ == 0) alone_ = index;
}

map_progress::effect map_progress::ended(std::size_t index, end how) noexcept {
  --under_way_;
  bool const was_alone = alone_ == index;
  if (how == end::shortage && !was_alone && !stopping_) {
    waiting_.push_back(index);
    limit_ = std::max<std::size_t>(under_way_, 1);
    ended_since_change_ = 0;
    return {.settled = false};
  }
  ++done_;
  if (how != end::shortage) grow();
  if (how == end::aborted) {
    aborted_ = aborted_ || cancelled_;
    // The operation of the job was aborted from outside the map, so the pool or the executor is
    // being shut down: start no more jobs.
    stopping_ = true;
  }
  if (how == end::success || !stop_on_error_ || stopping_) return {};
  stopping_ = true;
  return {.stop_others = under_way_ != 0};
}

void map_progress::grow() noexcept {
  if (limit_ == at_most_ || ++ended_since_change_ < limit_) return;
  ++limit_;
  ended_since_change_ = 0;
}

void map_progress::cancel() noexcept {
  cancelled_ = true;
  if (stopping_) return;
  bool const all_taken = no_more_ || total_ == taken_;
  if (!all_taken || !waiting_.empty()) aborted_ = true;
  stopping_ = true;
}

}  // namespace isolatte::inline v0_1::logic
