// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "logic/start_backoff.hpp"

#include <algorithm>

namespace isolatte::inline v0_1::logic {

void start_backoff::refused(moment now) noexcept {
  if (!waits_) ++refused_;
  wait(time_until_retry(refused_), now);
}

void start_backoff::interrupted(moment now) noexcept { wait(time_until_retry(refused_), now); }

void start_backoff::failed(moment begun, moment now) noexcept {
  if (failed_ != 0 && begun <= last_failure_) return;
  ++failed_;
  last_failure_ = now;
  wait(time_until_start(policy_, failed_), now);
}

void start_backoff::succeeded_in_vain(unsigned failures, moment begun, moment now) noexcept {
  if (failed_ != 0 && begun <= last_failure_) return;
  failed_ = std::max(failed_, failures);
  last_failure_ = moment::min();
  failed(begun, now);
}

void start_backoff::reset() noexcept {
  succeeded();
  waits_ = false;
}

void start_backoff::wait(std::chrono::nanoseconds time, moment now) noexcept {
  waits_ = true;
  retry_at_ = later(now, time);
}

}  // namespace isolatte::inline v0_1::logic
