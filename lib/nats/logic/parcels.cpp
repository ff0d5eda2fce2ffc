// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "nats/logic/parcels.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace isolatte::inline v0_1::nats::logic {

void parcels::room(std::size_t max_payload, std::size_t overhead) noexcept {
  room_ = max_payload - std::min(overhead, max_payload);
}

std::size_t parcels::most() const noexcept {
  return static_cast<std::size_t>(
      mean_.jobs_in(limits_.time, 1, std::max<std::size_t>(limits_.jobs, 1)));
}

void parcels::add(std::uint64_t number, std::size_t bytes, bool travels_alone) {
  std::list<waiter> added{{number, bytes, travels_alone}};
  known_[number] = {added.begin(), 0};
  waiting_.splice(waiting_.end(), added);
}

bool parcels::may_gather() const noexcept {
  if (waiting_.empty() || waiting_.front().travels_alone) return false;
  return waiting_.size() < std::min(most(), (known_.size() - waiting_.size()) / 16);
}

std::optional<std::uint64_t> parcels::next() {
  if (waiting_.empty() || under_way_ >= limits_.unanswered) return std::nullopt;
  std::size_t const most_jobs = most();
  std::size_t const most_bytes = std::min(limits_.bytes, room_);
  auto const& first = waiting_.front();
  auto end = std::next(waiting_.begin());
  std::size_t bytes = first.bytes;
  std::vector<std::uint64_t> jobs{first.number};
  if (!first.travels_alone) {
    for (; end != waiting_.end() && !end->travels_alone && jobs.size() < most_jobs; ++end) {
      bytes += end->bytes;
      if (bytes > most_bytes) break;
      jobs.push_back(end->number);
    }
  }
  auto& made = parcels_[last_parcel_ + 1];
  // Nothing has changed before, and nothing throws any more.
  made.jobs = std::move(jobs);
  ++last_parcel_;
  ++under_way_;
  for (auto const number : made.jobs) known_.at(number).parcel = last_parcel_;
  waiting_.erase(waiting_.begin(), end);
  return last_parcel_;
}

const std::vector<std::uint64_t>& parcels::jobs(std::uint64_t parcel) const noexcept {
  static const std::vector<std::uint64_t> none;
  auto const found = parcels_.find(parcel);
  return found == parcels_.end() ? none : found->second.jobs;
}

std::optional<std::uint64_t> parcels::parcel_of(std::uint64_t number) const noexcept {
  auto const found = known_.find(number);
  if (found == known_.end() || found->second.parcel == 0) return std::nullopt;
  return found->second.parcel;
}

bool parcels::stored(std::uint64_t parcel, std::uint64_t place) {
  auto const found = parcels_.find(parcel);
  if (found == parcels_.end() || found->second.place) return false;
  --under_way_;
  found->second.place = place;
  if (!found->second.jobs.empty()) return false;
  bool const is_to_be_deleted = !found->second.needs_no_deletion;
  parcels_.erase(found);
  return is_to_be_deleted;
}

void parcels::published(std::uint64_t parcel, moment now) noexcept {
  auto const found = parcels_.find(parcel);
  if (found != parcels_.end() && found->second.publications++ == 0) found->second.published = now;
}

bool parcels::may_go_again(std::uint64_t parcel, moment now) const noexcept {
  auto const found = parcels_.find(parcel);
  return found != parcels_.end() &&
         (found->second.publications == 0 || now - found->second.published < limits_.again_within);
}

void parcels::failed(std::uint64_t parcel) noexcept {
  auto const found = parcels_.find(parcel);
  if (found != parcels_.end() && found->second.publications != 0) --found->second.publications;
}

std::vector<std::uint64_t> parcels::refused(std::uint64_t parcel) {
  auto const found = parcels_.find(parcel);
  if (found == parcels_.end()) return {};
  if (!found->second.place) --under_way_;
  auto jobs = std::move(found->second.jobs);
  for (auto const number : jobs) known_.erase(number);
  parcels_.erase(found);
  return jobs;
}

void parcels::removed(std::uint64_t parcel) noexcept {
  if (auto const found = parcels_.find(parcel); found != parcels_.end())
    found->second.needs_no_deletion = true;
}

void parcels::stream_replaced() noexcept {
  for (auto& [number, parcel] : parcels_)
    if (parcel.place) {
      parcel.is_of_this_stream = false;
      parcel.needs_no_deletion = true;
    }
}

std::optional<std::uint64_t> parcels::place(std::uint64_t parcel) const noexcept {
  auto const found = parcels_.find(parcel);
  if (found == parcels_.end() || !found->second.is_of_this_stream) return std::nullopt;
  return found->second.place;
}

std::vector<std::uint64_t> parcels::unanswered() const {
  std::vector<std::uint64_t> all;
  for (auto const& [number, parcel] : parcels_)
    if (!parcel.place) all.push_back(number);
  std::ranges::sort(all);
  return all;
}

std::optional<std::uint64_t> parcels::leave(std::uint64_t number, bool told) {
  auto const known = known_.find(number);
  if (known == known_.end()) return std::nullopt;
  auto const whereabouts = known->second;
  known_.erase(known);
  if (whereabouts.parcel == 0) {
    waiting_.erase(whereabouts.waiting);
    return std::nullopt;
  }
  auto const found = parcels_.find(whereabouts.parcel);
  auto& parcel = found->second;
  std::erase(parcel.jobs, number);
  parcel.needs_no_deletion = parcel.needs_no_deletion || told;
  // Without an answer the parcel counts among those under way.
  if (!parcel.jobs.empty() || !parcel.place) return std::nullopt;
  auto const place = parcel.needs_no_deletion ? std::nullopt : parcel.place;
  parcels_.erase(found);
  return place;
}

}  // namespace isolatte::inline v0_1::nats::logic
