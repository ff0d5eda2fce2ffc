// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "supervise/observers.hpp"

#include <isolatte/observe.hpp>

#include <utility>

namespace isolatte::inline v0_1 {

std::string_view to_string(launcher by) noexcept {
  switch (by) {
    case launcher::fork: return "fork";
    case launcher::program: return "program";
    case launcher::fork_server: return "fork_server";
    case launcher::pool: return "pool";
    case launcher::resident: return "resident";
    case launcher::worker: return "worker";
  }
  return "unknown";
}

std::string_view to_string(job_moment what) noexcept {
  switch (what) {
    case job_moment::queued: return "queued";
    case job_moment::started: return "started";
    case job_moment::ended: return "ended";
    case job_moment::completed: return "completed";
    case job_moment::undecodable: return "undecodable";
  }
  return "unknown";
}

observation::observation(std::shared_ptr<detail::observer> what) noexcept
    : observer_{std::move(what)} {}

observation& observation::operator=(observation&& other) noexcept {
  observation const last{std::exchange(observer_, std::move(other.observer_))};
  return *this;
}

observation::~observation() {
  if (observer_) supervise::dismiss(*observer_);
}

observation observe(std::function<void(const job_event&)> told) {
  auto fresh = std::make_shared<detail::observer>(std::move(told));
  supervise::engage(fresh);
  return observation{std::move(fresh)};
}

}  // namespace isolatte::inline v0_1
