// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_EXAMPLE_CENSUS_SURVEY_HPP
#define ISOLATTE_EXAMPLE_CENSUS_SURVEY_HPP

#include "elf_facts.hpp"
#include "settings.hpp"
#include "specimen.hpp"

#include <isolatte/outcome.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <vector>

namespace census {

/// One specimen, and the outcome of the child that read it.
struct finding {
  specimen what;
  isolatte::outcome<elf_facts> outcome;
};

struct results {
  /// In the order of the specimens.
  std::vector<finding> findings;
  /// The number of specimens; larger than the number of findings after an interruption.
  std::size_t asked = 0;
  /// The signal that interrupted the census, or 0.
  int interrupted_by = 0;
  std::chrono::nanoseconds wall{};
  /// How often the timer fired meanwhile, and its longest delay.
  std::size_t heartbeats = 0;
  std::chrono::nanoseconds latest_heartbeat{};
};

/// Reads every specimen in a child of its own, several at a time, in one event loop. SIGINT and
/// SIGTERM end the census early.
/// @param progress called after each specimen
results take_census(const std::vector<specimen>& specimens, const settings& how,
                    const std::function<void(const finding&)>& progress);

}  // namespace census

#endif
