// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_SOAK_PHASES_HPP
#define ISOLATTE_SOAK_PHASES_HPP

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace soak {

/// The surroundings of a round of jobs.
enum class phase : std::uint8_t {
  calm,
  /// Processes of the library's are killed and stopped at random.
  hunted,
  /// The program may open few descriptors more.
  few_descriptors,
  /// Processes cannot be made at random.
  few_processes,
  /// System calls fail at random, here and in all children.
  failing_calls,
  /// Allocations fail at random, here.
  failing_allocations,
  /// A part of the program waits for any child.
  greedy_wait,
  /// The event loop is destroyed while jobs run.
  abandoned,
  end,
};
inline constexpr std::size_t phase_count = static_cast<std::size_t>(phase::end);
std::string_view name_of(phase what) noexcept;

/// The calm rounds among those of a cycle.
inline constexpr std::size_t calm_rounds = 3;
/// So many rounds, from the first one on, or from a multiple of the number on, have every phase.
inline constexpr std::size_t cycle = phase_count - 1 + calm_rounds;

/// Phases take turns, in an order that the seed chooses anew for each cycle.
phase phase_of(std::uint64_t seed, std::uint64_t round) noexcept;

}  // namespace soak

#endif
