// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "launch/template_group.hpp"

#include <utility>

namespace isolatte::inline v0_1::launch {

using boost::system::error_code;

std::unique_ptr<template_group> template_group::make(const boost::asio::any_io_executor& executor,
                                                     std::size_t templates,
                                                     template_settings settings, error_code& ec) {
  auto group = std::make_unique<template_group>(only_make{});
  group->copies_.reserve(templates - 1);
  group->first_ = template_process::make(executor, std::move(settings), ec);
  // Users look for the number as soon as they have the server.
  if (!ec) group->first_->await_number(ec);
  while (!ec && group->copies_.size() + 1 != templates)
    if (auto copy = group->first_->make_copy(ec)) group->copies_.push_back(std::move(copy));
  if (ec) return nullptr;
  return group;
}

/// First the template that makes the copies: after that no copy is made any more.
template_group::~template_group() {
  if (first_) first_->close();
  for (auto const& copy : copies_) copy->close();
}

void template_group::launch(std::shared_ptr<supervise::supervisor> run,
                            const detail::remote_call& call, const options& opts, sandboxed when,
                            error_code& ec) {
  least_busy().launch(std::move(run), call, opts, when, ec);
}

/// Among equals the first, so that one is kept warm, with a child ahead of need, if there is little
/// to do.
template_process& template_group::least_busy() noexcept {
  if (copies_.empty()) return *first_;
  bool const first_is_ready = first_->stands_ready();
  template_process* found = first_is_ready ? first_.get() : nullptr;
  for (auto const& copy : copies_) {
    if (found && copy->owed() >= found->owed()) continue;
    if (copy->is_made())
      found = copy.get();
    else if (first_is_ready)
      copy->revive();
  }
  if (!found) return *first_;
  if (!first_is_ready) first_->revive();
  return *found;
}

fork_server_stats template_group::stats() const noexcept {
  fork_server_stats all = first_->stats();
  for (auto const& copy : copies_) all.starts += copy->stats().starts;
  return all;
}

}  // namespace isolatte::inline v0_1::launch
