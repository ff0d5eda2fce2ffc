// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_SOAK_ROUND_HPP
#define ISOLATTE_SOAK_ROUND_HPP

#include "ledger.hpp"
#include "plan.hpp"
#include "settings.hpp"

#include <chrono>
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

/// Runs a round from its first job until nothing is under way.
/// @param until no job is begun after this
/// @param watch called every now and then
/// @return the number of foreign children that were made and checked
std::uint64_t run_round(const round_plan& what, ledger& book, const settings& wanted,
                        const abilities& can, const std::filesystem::path& scratch,
                        ledger::clock::time_point until, const std::function<void()>& watch);

}  // namespace soak

#endif
