// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "limits.hpp"

#include <algorithm>
#include <functional>
#include <iterator>
#include <utility>

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
  if (is_full()) return std::nullopt;
  auto const found = now_->clients.find(client);
  if (found != now_->clients.end() && found->second == each_) return std::nullopt;
  std::function<void()> give_back = [now = now_, client] {
    --now->taken;
    auto const own = now->clients.find(client);
    if (--own->second == 0) now->clients.erase(own);
  };
  ++now_->clients[client];
  ++now_->taken;
  return lease{std::move(give_back)};
}

bool byte_budget::announce(const std::string& client, std::size_t bytes) {
  auto const found = announced_.find(client);
  std::size_t const before = found == announced_.end() ? 0 : found->second;
  if (bytes > each_ - before) return false;
  if (bytes != 0) announced_[client] = before + bytes;
  return true;
}

void byte_budget::withdraw(const std::string& client, std::size_t bytes) {
  auto const found = announced_.find(client);
  if (found != announced_.end() && (found->second -= bytes) == 0) announced_.erase(found);
}

bool byte_budget::take(std::size_t bytes) noexcept {
  if (bytes > left_) return false;
  left_ -= bytes;
  return true;
}

std::optional<upload_bytes> upload_bytes::announce(std::shared_ptr<byte_budget> budget,
                                                   std::string client, std::size_t bytes) {
  if (!budget->announce(client, bytes)) return std::nullopt;
  return upload_bytes{std::move(budget), std::move(client), bytes};
}

upload_bytes::~upload_bytes() {
  if (!budget_) return;  // moved from
  budget_->withdraw(client_, announced_);
  budget_->give_back(taken_);
}

bool upload_bytes::take(std::size_t bytes) noexcept {
  if (bytes > announced_ - taken_ || !budget_->take(bytes)) return false;
  taken_ += bytes;
  return true;
}

lease upload_bytes::keep() && {
  std::function<void()> give_back = [budget = budget_, client = client_, bytes = taken_] {
    budget->withdraw(client, bytes);
    budget->give_back(bytes);
  };
  budget_->withdraw(client_, announced_ - taken_);
  budget_.reset();
  return lease{std::move(give_back)};
}

}  // namespace service
