// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_EXAMPLE_CENSUS_SETTINGS_HPP
#define ISOLATTE_EXAMPLE_CENSUS_SETTINGS_HPP

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>

namespace census {

/// The settings from the command line.
struct settings {
  std::filesystem::path directory;
  std::size_t jobs = 1;
  std::chrono::milliseconds timeout{};
  /// Bytes of address space for each child; no value: no limit.
  std::optional<std::uint64_t> memory;
  /// Whether the command line asked for a limit that this build cannot set.
  bool memory_ignored = false;
  /// The number of programs to damage.
  std::size_t damaged = 0;
  std::optional<std::filesystem::path> json;
  /// Whether to repeat the census on warm workers.
  bool compare_pool = false;
  /// Whether this census runs on warm workers.
  bool warm = false;
};

/// Reads the command line.
/// @return no value if the user asked for help, which has then been printed
/// @throws boost::program_options::error for arguments that make no sense
std::optional<settings> parse(int argc, char* argv[]);

}  // namespace census

#endif
