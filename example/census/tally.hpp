// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_EXAMPLE_CENSUS_TALLY_HPP
#define ISOLATTE_EXAMPLE_CENSUS_TALLY_HPP

#include "survey.hpp"

#include <isolatte/ending.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace census {

/// An ending, with its signal or exit code.
struct ending_kind {
  isolatte::ending how = isolatte::ending::not_started;
  std::string detail;

  auto operator<=>(const ending_kind&) const = default;
};

ending_kind kind_of(const isolatte::outcome_base& outcome);

/// Whether a line of a stack trace belongs to the library, or to a caller of the library.
bool is_below_the_child(std::string_view frame);

/// The sum of what the children of one row of the table used.
struct cost {
  std::size_t files = 0;
  std::chrono::nanoseconds total{};
  std::chrono::nanoseconds slowest{};
  std::uint64_t peak_memory = 0;

  void add(const isolatte::resource_usage& usage);
};

/// Texts with their numbers, the most frequent first.
using ranking = std::vector<std::pair<std::string, std::size_t>>;

/// The sums over all findings.
struct tally {
  explicit tally(const std::vector<finding>& findings);

  std::map<ending_kind, cost> endings;
  cost all;
  /// How often each damage led to each ending.
  std::map<damage, std::map<isolatte::ending, std::size_t>> fates;
  ranking exceptions;
  /// The first lines written to standard error.
  ranking complaints;
  std::size_t faults = 0;

  // Facts about undamaged programs, as far as they could be read.
  std::size_t programs = 0;
  std::size_t programs_of_32_bits = 0;
  std::uint64_t program_bytes = 0;
  std::uint64_t sections = 0;
  std::uint64_t symbols = 0;
  std::uint64_t relocations = 0;
  ranking needed;
  const finding* largest_function = nullptr;
  const finding* longest_chain = nullptr;
  const finding* largest = nullptr;
  const finding* slowest = nullptr;
  const finding* hungriest = nullptr;

  /// A fault with a useful stack trace.
  const finding* fault = nullptr;
};

}  // namespace census

#endif
