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
  // One at a time and without a copy of the list, for which there may be no memory. To abandon one
  // may destroy others, which take their places out of the list.
  while (auto const run = take_one()) run->abandon();
}

/// Takes a member out of the list. Its membership has to be told to forget the place.
std::shared_ptr<context_bound> context_service::take_one() noexcept {
  std::lock_guard const lock{mutex_};
  for (auto place = runs_.begin(); place != runs_.end(); ++place)
    if (auto run = place->lock()) {
      runs_.erase(place);
      return run;
    }
  return nullptr;
}

}  // namespace isolatte::inline v0_1::supervise
