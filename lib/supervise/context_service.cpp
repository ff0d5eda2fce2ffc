// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "supervise/context_service.hpp"

namespace isolatte::inline v0_1::supervise {

boost::asio::execution_context::id context_service::id;

context_service::membership::~membership() {
  if (service_ == nullptr) return;
  std::lock_guard const lock{service_->mutex_};
  service_->runs_.erase(place_);
}

void context_service::join(const boost::asio::any_io_executor& executor, membership& place,
                           const std::shared_ptr<context_bound>& run) {
  auto& context = boost::asio::query(executor, boost::asio::execution::context);
  auto& service = boost::asio::use_service<context_service>(context);
  std::lock_guard const lock{service.mutex_};
  place.place_ = service.runs_.insert(service.runs_.end(), run);
  place.service_ = &service;
}

void context_service::shutdown() {
  list remaining;
  {
    std::lock_guard const lock{mutex_};
    remaining.assign(runs_.begin(), runs_.end());
  }
  for (auto const& member : remaining)
    if (auto const run = member.lock()) run->abandon();
}

}  // namespace isolatte::inline v0_1::supervise
