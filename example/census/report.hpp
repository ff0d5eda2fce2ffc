// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_EXAMPLE_CENSUS_REPORT_HPP
#define ISOLATTE_EXAMPLE_CENSUS_REPORT_HPP

#include "settings.hpp"
#include "survey.hpp"
#include "tally.hpp"
#include "vitals.hpp"

#include <ostream>

namespace census {

/// All data of one census, from which the reports are written.
struct account {
  const settings& how;
  const results& result;
  const tally& sums;
  const vitals& before;
  const vitals& after;
};

/// Writes a table for people, about 90 columns wide.
/// @param colour whether to use the colours of a terminal
void write_report(std::ostream& out, const account& all, bool colour);

/// Writes how the endings on warm workers differ from those in fresh children.
void write_comparison(std::ostream& out, const results& fresh, const results& warm);

/// Writes one JSON object with every finding, for programs.
void write_json(std::ostream& out, const account& all);

}  // namespace census

#endif
