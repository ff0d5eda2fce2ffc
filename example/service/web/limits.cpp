// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "limits.hpp"

#include <algorithm>
#include <iterator>

namespace service {

void token_bucket::fill(clock::time_point now) {
  level_ = std::min(burst_, level_ + rate_ * std::chrono::duration<double>{now - at_}.count());
  at_ = now;
}

std::chrono::nanoseconds token_bucket::wait(clock::time_point now) {
  fill(now);
  if (level_ >= 1) return {};
  return std::chrono::ceil<std::chrono::nanoseconds>(
      std::chrono::duration<double>{(1 - level_) / rate_});
}

bool token_bucket::is_full(clock::time_point now) {
  fill(now);
  return level_ >= burst_;
}

void rate_limit::forget_idle(clock::time_point now) {
  for (auto at = clients_.begin(); at != clients_.end();)
    at = at->second.is_full(now) ? clients_.erase(at) : std::next(at);
}

std::chrono::nanoseconds rate_limit::take(const std::string& client, clock::time_point now) {
  auto found = clients_.find(client);
  if (found == clients_.end()) {
    if (clients_.size() >= most_clients) forget_idle(now);
    bool const has_room = clients_.size() < most_clients;
    found = clients_.try_emplace(has_room ? client : std::string{}, rate_, burst_, now).first;
  }
  auto const wait = std::max(found->second.wait(now), all_.wait(now));
  if (wait == std::chrono::nanoseconds{0}) {
    found->second.take();
    all_.take();
  }
  return wait;
}

std::optional<lease> places::take(const std::string& client) {
  if (taken_ == all_) return std::nullopt;
  std::size_t& own = clients_[client];
  if (own == each_) return std::nullopt;
  ++own;
  ++taken_;
  return lease{[this, client] {
    --taken_;
    auto const found = clients_.find(client);
    if (--found->second == 0) clients_.erase(found);
  }};
}

std::optional<lease> byte_budget::take(std::size_t bytes) {
  if (bytes > left_) return std::nullopt;
  left_ -= bytes;
  return lease{[this, bytes] { left_ += bytes; }};
}

}  // namespace service
