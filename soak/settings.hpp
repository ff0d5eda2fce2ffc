// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_SOAK_SETTINGS_HPP
#define ISOLATTE_SOAK_SETTINGS_HPP

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

namespace soak {

/// The wishes of the command line.
struct settings {
  /// Absent: until the jobs are done.
  std::optional<std::chrono::seconds> time{};
  std::uint64_t seed = 0;
  /// The threads that run the event loop.
  std::size_t threads = 3;
  /// The run ends after so many jobs.
  std::uint64_t jobs = std::numeric_limits<std::uint64_t>::max();
  /// The number of jobs under way at once.
  std::size_t in_flight = 96;
  /// The number of jobs between two checks for what is left.
  std::uint64_t round = 2000;
  /// Run this job alone.
  std::optional<std::uint64_t> only{};
  /// Run this round alone.
  std::optional<std::uint64_t> only_round{};
  /// Say what each job is, before it begins.
  bool verbose = false;
};

/// Reads the command line. Chooses a seed if there is none, and a minute if there is no end. Prints
/// the usage, and ends the program, if it is wrong.
settings read_settings(int argc, char* argv[]);

/// The options that make another run have the same jobs in the same rounds.
std::string repeating(const settings& wanted);

}  // namespace soak

#endif
