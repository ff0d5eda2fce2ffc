// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_LOGIC_RETIRE_CAUSE_HPP
#define ISOLATTE_LIB_LOGIC_RETIRE_CAUSE_HPP

#include <isolatte/config.hpp>

#include <cstddef>

namespace isolatte::inline v0_1::logic {

/// Why a worker is given no more jobs.
enum class retire_cause {
  /// The worker goes on.
  none,
  /// The worker could not start.
  not_started,
  max_jobs,
  max_memory,
  idle,
  age,
  memory_growth,
  unhealthy,
  recycled,
  resized,
  /// A job asked for it.
  asked,
  /// The program's rights are others than when the worker was made.
  credentials,
};

constexpr std::size_t number_of_retire_causes =
    static_cast<std::size_t>(retire_cause::credentials) + 1;

}  // namespace isolatte::inline v0_1::logic

#endif
