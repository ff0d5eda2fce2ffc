// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "supervise/context_service.hpp"

#include "posix/process_registry.hpp"

namespace isolatte::inline v0_1::supervise {

boost::asio::execution_context::id context_service::id;

/// The registry counts the forks from here on.
context_service::context_service(boost::asio::execution_context& context) : service{context} {
  posix::lock_registry();
}

context_service::membership::~membership() {
  if (service_ == nullptr) return;
  std::lock_guard const lock{service_->mutex_};
  service_->runs_.remove(place_);
}

void context_service::join(const boost::asio::any_io_executor& executor, membership& place,
                           const std::shared_ptr<context_bound>& run) {
  auto& context = boost::asio::query(executor, boost::asio::execution::context);
  auto& service = boost::asio::use_service<context_service>(context);
  service.notice_copy();
  std::lock_guard const lock{service.mutex_};
  place.place_ = service.runs_.add(run);
  place.service_ = &service;
}

std::list<std::shared_ptr<context_bound>> context_service::members() {
  std::list<std::shared_ptr<context_bound>> living;
  std::lock_guard const lock{mutex_};
  runs_.any([&living](const std::weak_ptr<context_bound>& each) {
    if (auto run = each.lock()) living.push_back(std::move(run));
    return false;
  });
  return living;
}

void context_service::shutdown() {
  notice_copy();
  // One at a time and without a copy of the table, for which there may be no memory. To abandon one
  // may destroy others, which give their places back.
  while (auto const run = take_one()) run->abandon();
}

/// Takes a member out of the table. Its membership has to be told to forget the place.
std::shared_ptr<context_bound> context_service::take_one() noexcept {
  std::lock_guard const lock{mutex_};
  std::shared_ptr<context_bound> taken;
  runs_.any([&taken](std::weak_ptr<context_bound>& each) {
    taken = each.lock();
    each.reset();
    return taken != nullptr;
  });
  return taken;
}

void context_service::notify_fork(boost::asio::execution_context::fork_event event) {
  if (event != boost::asio::execution_context::fork_child || !origin_.move_here()) return;
  for (auto const& run : members()) run->disown();
}

void context_service::notice_copy() noexcept {
  using boost::asio::execution_context;
  if (!origin_.is_elsewhere()) return;
  try {
    context().notify_fork(execution_context::fork_child);
  } catch (...) {
    // The loop could not be made this process's own. The children are the original's all the same.
    if (origin_.is_elsewhere()) notify_fork(execution_context::fork_child);
  }
}

}  // namespace isolatte::inline v0_1::supervise
