// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_SOAK_SETTINGS_HPP
#define ISOLATTE_SOAK_SETTINGS_HPP

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>

namespace soak {

/// The wishes of the command line.
struct settings {
  std::chrono::seconds time{60};
  std::uint64_t seed = 1;
  /// The threads that run the event loop.
  std::size_t threads = 3;
  /// The run ends after so many jobs.
  std::uint64_t jobs = std::numeric_limits<std::uint64_t>::max();
  /// The number of jobs under way at once.
  std::size_t in_flight = 96;
  /// The number of jobs between two checks for what is left.
  std::uint64_t round = 6000;
  /// Run this job alone.
  std::optional<std::uint64_t> only{};
  /// Say what each job is, before it begins.
  bool verbose = false;
};

/// Reads the command line. Prints the usage, and ends the program, if it is wrong.
settings read_settings(int argc, char* argv[]);

}  // namespace soak

#endif
