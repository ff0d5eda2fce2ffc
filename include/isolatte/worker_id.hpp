// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_WORKER_ID_HPP
#define ISOLATTE_WORKER_ID_HPP

#include <isolatte/config.hpp>

#include <cstddef>
#include <cstdint>

namespace isolatte::inline v0_1 {

/// Says which worker of a pool has run a job.
struct worker_id {
  /// The value of @ref slot for a job of worker_pool::async_run_everywhere that ran in a worker
  /// that was there to take another one's place, and had no slot yet.
  static constexpr std::size_t no_slot = static_cast<std::size_t>(-1);

  /// A number below the pool's size, which no two workers have while they run jobs. The next worker
  /// has it after this one.
  std::size_t slot = no_slot;
  /// The number of the worker in the order in which the pool has made them, from 1. No other worker
  /// of the pool ever has it.
  std::uint64_t generation = 0;
  /// The worker's process id.
  int pid = 0;

  /// Compares all members.
  friend bool operator==(const worker_id&, const worker_id&) = default;
};

}  // namespace isolatte::inline v0_1

#endif
