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

/// One specimen and what became of the child that read it.
struct finding {
  specimen what;
  isolatte::outcome<elf_facts> outcome;
};

struct results {
  /// In the order in which they were asked for.
  std::vector<finding> findings;
  /// How many were to be found.
  std::size_t asked = 0;
  /// The signal that cut the census short, or 0.
  int interrupted_by = 0;
  std::chrono::nanoseconds wall{};
  /// How often the event loop kept an appointment meanwhile, and how late it was at worst.
  std::size_t heartbeats = 0;
  std::chrono::nanoseconds latest_heartbeat{};
};

/// Has every specimen read in a child of its own, several at a time, in one event loop.
/// SIGINT and SIGTERM end it early.
/// @param progress called behind each
results take_census(const std::vector<specimen>& specimens, const settings& how,
                    const std::function<void(const finding&)>& progress);

}  // namespace census

#endif
