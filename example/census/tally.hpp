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

/// How a child ended, and with what signal or code.
struct ending_kind {
  isolatte::ending how = isolatte::ending::not_started;
  std::string detail;

  auto operator<=>(const ending_kind&) const = default;
};

ending_kind kind_of(const isolatte::outcome_base& outcome);

/// Whether a line of a stack trace is of the library that called the reader, or of what called
/// that.
bool is_below_the_child(std::string_view frame);

/// What the children of one row of the table have in common.
struct cost {
  std::size_t files = 0;
  std::chrono::nanoseconds total{};
  std::chrono::nanoseconds slowest{};
  std::uint64_t peak_memory = 0;

  void add(const isolatte::resource_usage& usage);
};

/// Text and number, the most frequent first.
using ranking = std::vector<std::pair<std::string, std::size_t>>;

/// What the findings come to.
struct tally {
  explicit tally(const std::vector<finding>& findings);

  std::map<ending_kind, cost> endings;
  cost all;
  /// What was fed, and how it ended.
  std::map<damage, std::map<isolatte::ending, std::size_t>> fates;
  ranking exceptions;
  /// The first lines of what was written to standard error.
  ranking complaints;
  std::size_t faults = 0;

  // Of the programs as they are installed, as far as they could be read.
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

  /// A fault with a telling stack trace.
  const finding* fault = nullptr;
};

}  // namespace census

#endif
