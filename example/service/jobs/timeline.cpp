// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "timeline.hpp"

#include <utility>

namespace service {

void timeline::add(std::chrono::nanoseconds took, const std::string& ending, bool has_failed) {
  ++open_.ended;
  if (has_failed) ++open_.failed;
  if (open_.ends.size() < most_ends)
    open_.ends.push_back({std::chrono::duration<double, std::milli>{took}.count(), ending});
}

const sample& timeline::close(std::chrono::system_clock::time_point now) {
  open_.at = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  samples_.push_back(std::exchange(open_, {}));
  if (samples_.size() > most_samples) samples_.pop_front();
  return samples_.back();
}

}  // namespace service
