// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_SOAK_ROUND_HPP
#define ISOLATTE_SOAK_ROUND_HPP

#include "incidents.hpp"
#include "ledger.hpp"
#include "plan.hpp"
#include "settings.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>

namespace soak {

/// The jobs of a round, by their indices, and its surroundings.
struct round_plan {
  std::uint64_t number = 0;
  phase during = phase::calm;
  std::uint64_t first = 0;
  std::uint64_t end = 0;
};

/// The settings and helpers that all rounds of a run have in common.
struct run {
  ledger& book;
  settings const wanted;
  abilities const can;
  std::filesystem::path const scratch;
  /// No job is begun after this.
  ledger::clock::time_point const until;
  /// Called every now and then.
  std::function<void()> const watch;
};

/// The counts of a round, besides those of its jobs.
struct round_counts {
  /// The children of another part of the program that were made and checked.
  std::uint64_t foreign = 0;
  /// How often something was done to the program, as the phase has it.
  std::uint64_t disturbances = 0;
};

/// Runs a round from its first job until nothing is under way.
/// @param seen gets what is done to processes
round_counts run_round(const round_plan& what, const run& in, incidents& seen);

}  // namespace soak

#endif
