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

/// All that one census came to, for whoever writes it down.
struct account {
  const settings& how;
  const results& result;
  const tally& sums;
  const vitals& before;
  const vitals& after;
};

/// For people, some 90 columns wide.
/// @param colour whether to use a terminal's
void write_report(std::ostream& out, const account& all, bool colour);

/// Beside fresh children: what warm workers made of the same.
void write_comparison(std::ostream& out, const results& fresh, const results& warm);

/// For machines: one JSON object, with every single finding.
void write_json(std::ostream& out, const account& all);

}  // namespace census

#endif
