// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_EXAMPLE_CENSUS_SPECIMEN_HPP
#define ISOLATTE_EXAMPLE_CENSUS_SPECIMEN_HPP

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string_view>
#include <vector>

namespace census {

/// The kinds of damage done to a copy before it is read.
enum class damage {
  none,
  truncated,
  flipped_bits,
  huge_tables,
  empty_entries,
  long_note,
  circular_links,
  later_version,
};

inline constexpr std::array all_damages{
    damage::truncated, damage::flipped_bits,   damage::huge_tables,   damage::empty_entries,
    damage::long_note, damage::circular_links, damage::later_version,
};

/// Describes the damage in words.
std::string_view describe(damage what);

/// One thing to read: a program, or a copy of it that is damaged first.
struct specimen {
  std::filesystem::path program;
  std::uint64_t bytes = 0;
  damage harm = damage::none;
  std::uint64_t seed = 0;

  /// Makes a specimen transportable to a warm worker.
  template <class Archive>
  void serialize(Archive& ar, unsigned /*version*/) {
    ar & program & bytes & harm & seed;
  }
};

/// Finds every ELF program of a directory, in the order of names. Only regular files count, and
/// links to them. A file with several names is listed once.
/// @throws std::filesystem::filesystem_error for a directory that cannot be read
std::vector<specimen> find_programs(const std::filesystem::path& directory);

/// Adds copies of `count` programs from all over the list, each copy with every kind of damage.
void add_damaged_copies(std::vector<specimen>& programs, std::size_t count);

}  // namespace census

#endif
