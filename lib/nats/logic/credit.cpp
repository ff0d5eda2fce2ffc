// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "nats/logic/credit.hpp"

#include <algorithm>

namespace isolatte::inline v0_1::nats::logic {

std::size_t credit::target() const noexcept {
  std::size_t const each = static_cast<std::size_t>(
      mean_.jobs_in(limits_.ahead, 1, std::max<std::size_t>(limits_.most, 1)));
  return each * limits_.workers;
}

std::size_t credit::outstanding() const noexcept {
  std::size_t sum = 0;
  for (auto const& each : requests_) sum += each.left;
  return sum;
}

std::size_t credit::wanted(std::size_t held, std::size_t untold) const noexcept {
  std::size_t const messages = outstanding();
  // Results of a while are always under way.
  if (std::size_t const usual = 2 * target(); untold > usual) held += untold - usual;
  // Rounded up: a message has at least the job that it is sent for.
  std::size_t const jobs = held + (messages * jobs_a_message_ + one_job - 1) / one_job;
  std::size_t const wished = target();
  std::size_t const most = std::max<std::size_t>(limits_.most_coming, 1) * limits_.workers;
  // The next messages may have one job each, whatever the last ones had.
  std::size_t const idle = limits_.workers > held ? limits_.workers - held : 0;
  std::size_t const for_idle = idle > messages ? idle - messages : 0;
  // Requests are fewer if each is for more messages.
  bool const is_enough = 2 * jobs > wished && jobs >= 2 * limits_.workers;
  if (for_idle == 0 && (is_enough || 2 * messages > most)) return 0;
  std::size_t more = for_idle;
  if (jobs < wished)
    more = std::max(more, ((wished - jobs) * one_job + jobs_a_message_ - 1) / jobs_a_message_);
  // Either of these conditions has left some room.
  return std::min(more, most - messages);
}

void credit::asked(std::uint64_t request, std::size_t messages, moment expires) {
  if (messages != 0) requests_.push_back({request, messages, expires});
  last_ = request;
}

void credit::arrived(std::size_t jobs) noexcept {
  std::size_t const now = one_job * std::clamp<std::size_t>(jobs, 1, 64);
  // The host has too much at once if messages are believed to be small too long, and only waits a
  // little if they are believed to be large.
  jobs_a_message_ = std::max((7 * jobs_a_message_ + now) / 8, now);
  if (requests_.empty()) return;
  --requests_.front().left;
  drop_empty();
}

void credit::ended(std::uint64_t id, std::optional<std::size_t> pending) {
  if (id < oldest_) return;
  auto const found = std::ranges::find(requests_, id, &request::id);
  // One that is not there has been counted as complete.
  request over = found == requests_.end() ? request{} : *found;
  if (found != requests_.end()) requests_.erase(found);
  if (!pending) return;
  if (*pending < over.left) {
    // Messages of this request have been counted for older ones, which still have theirs to come.
    over.left -= *pending;
    if (requests_.empty())
      requests_.push_front(over);
    else
      requests_.front().left += over.left;
    return;
  }
  std::size_t surplus = *pending - over.left;
  for (auto& each : requests_) {
    std::size_t const less = std::min(surplus, each.left);
    each.left -= less;
    surplus -= less;
  }
  drop_empty();
}

bool credit::expire(moment now) noexcept {
  for (auto const& each : requests_)
    if (now >= each.expires) oldest_ = std::max(oldest_, each.id + 1);
  return std::erase_if(requests_, [&](const request& each) { return now >= each.expires; }) != 0;
}

void credit::lost() noexcept {
  requests_.clear();
  oldest_ = last_ + 1;
}

moment credit::expires_at() const noexcept {
  moment at = moment::max();
  for (auto const& each : requests_) at = std::min(at, each.expires);
  return at;
}

void credit::drop_empty() noexcept {
  std::erase_if(requests_, [](const request& each) { return each.left == 0; });
}

}  // namespace isolatte::inline v0_1::nats::logic
