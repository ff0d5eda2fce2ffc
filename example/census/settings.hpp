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

/// What the command line asks for.
struct settings {
  std::filesystem::path directory;
  std::size_t jobs = 1;
  std::chrono::milliseconds timeout{};
  /// Bytes of address space for each child; none for no limit.
  std::optional<std::uint64_t> memory;
  /// Whether a limit was asked for that cannot be had in this build.
  bool memory_ignored = false;
  /// How many programs are damaged.
  std::size_t damaged = 0;
  std::optional<std::filesystem::path> json;
  /// Whether to take the census once more on warm workers.
  bool compare_pool = false;
  /// Whether this one is taken on warm workers.
  bool warm = false;
};

/// Reads the command line.
/// @return nothing where help was asked for, which is then printed
/// @throws boost::program_options::error for arguments that make no sense
std::optional<settings> parse(int argc, char* argv[]);

}  // namespace census

#endif
