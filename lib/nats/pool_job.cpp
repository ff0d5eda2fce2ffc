// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "nats/pool_job.hpp"

#include <exception>

namespace isolatte::inline v0_1::nats {

void pool_job::kept() noexcept {
  try {
    on_kept_();
  } catch (const std::exception&) {
    // Without memory the farm is told nothing, and asks again.
  }
}

}  // namespace isolatte::inline v0_1::nats
