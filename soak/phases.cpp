// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "phases.hpp"

#include "numbers.hpp"

#include <array>
#include <utility>

namespace soak {

namespace {

constexpr std::array phase_names = {"calm",          "hunted",        "few_descriptors",
                                    "few_processes", "failing_calls", "failing_allocations",
                                    "greedy_wait",   "abandoned"};
static_assert(phase_names.size() == phase_count);

}  // namespace

std::string_view name_of(phase what) noexcept {
  return phase_names[static_cast<std::size_t>(what)];
}

phase phase_of(std::uint64_t seed, std::uint64_t round) noexcept {
  std::array<phase, cycle> order{};
  static_assert(phase{} == phase::calm);
  for (std::size_t i = 1; i != phase_count; ++i) order[i] = static_cast<phase>(i);
  numbers random{seed, 1, round / cycle};
  for (std::size_t left = cycle; left > 1; --left)
    std::swap(order[left - 1], order[random.below(left)]);
  return order[round % cycle];
}

}  // namespace soak
