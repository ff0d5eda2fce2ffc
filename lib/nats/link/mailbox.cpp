// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "nats/link/mailbox.hpp"

#include <utility>

namespace isolatte::inline v0_1::nats::link {

boost::asio::execution_context::id member_service::id;

void member_service::join(boost::asio::execution_context& context,
                          const std::shared_ptr<context_member>& member) {
  auto& service = boost::asio::use_service<member_service>(context);
  std::lock_guard const lock{service.mutex_};
  std::erase_if(service.members_, [](const auto& each) { return each.expired(); });
  service.members_.push_back(member);
}

std::list<std::shared_ptr<context_member>> member_service::living() {
  std::list<std::shared_ptr<context_member>> result;
  std::lock_guard const lock{mutex_};
  for (auto const& each : members_)
    if (auto member = each.lock()) until_memory([&] { result.push_back(member); });
  return result;
}

void member_service::notify_fork(boost::asio::execution_context::fork_event event) {
  if (event != boost::asio::execution_context::fork_child) return;
  for (auto const& each : living()) each->disown();
}

void member_service::shutdown() {
  std::list<std::weak_ptr<context_member>> members;
  {
    std::lock_guard const lock{mutex_};
    members.swap(members_);
  }
  for (auto const& each : members)
    if (auto const member = each.lock()) member->abandon();
}

}  // namespace isolatte::inline v0_1::nats::link
