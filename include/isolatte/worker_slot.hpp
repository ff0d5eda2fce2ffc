// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_WORKER_SLOT_HPP
#define ISOLATTE_WORKER_SLOT_HPP

#include <isolatte/config.hpp>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace isolatte::inline v0_1 {

/// The place of one worker of a pool: what its processes have that those of other places do not.
///
/// @code
/// isolatte::pool_options{.slots = {{.environment = {{"CUDA_VISIBLE_DEVICES", "0"}}, .cpus = {0,
/// 1}},
///                                  {.environment = {{"CUDA_VISIBLE_DEVICES", "1"}}, .cpus = {2,
///                                  3}}}}
/// @endcode
struct worker_slot {
  /// Environment variables by name, set before the initializer and any job runs; one without a
  /// value is unset. Code that has read its variables before does not notice: the C library does so
  /// when a program starts (`LD_LIBRARY_PATH`, `MALLOC_ARENA_MAX`), and so may
  /// pool_options::preload.
  std::map<std::string, std::optional<std::string>> environment{};
  /// The processors that the worker may run on, by the system's numbers. Empty: those of the
  /// program.
  std::vector<int> cpus{};
};

}  // namespace isolatte::inline v0_1

#endif
