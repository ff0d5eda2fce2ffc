// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "pool/start_failures.hpp"

#include "launch/describe_end.hpp"

#include <isolatte/ending.hpp>

#include <utility>

namespace isolatte::inline v0_1::pool {

void start_failures::take(failure last) noexcept {
  std::lock_guard const lock{mutex_};
  last_ = std::move(last);
}

start_failures::failure start_failures::last() const {
  std::lock_guard const lock{mutex_};
  return {last_.ec, last_.how.copy()};
}

detail::report start_failures::for_job() const {
  detail::report told = last().how;
  auto& summary = told.summary;
  // The server has put it into words if the preload failed.
  if (summary.how != ending::not_started || summary.reason.empty())
    summary.reason = launch::describe_end("starting a worker", told);
  summary.how = ending::not_started;
  summary.ran = ran::no;
  summary.pid = 0;
  summary.usage = {};
  summary.worker.reset();
  if (told.kind != detail::payload_kind::exception) told.kind = detail::payload_kind::none;
  return told;
}

}  // namespace isolatte::inline v0_1::pool
