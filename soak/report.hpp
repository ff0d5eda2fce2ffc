// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_SOAK_REPORT_HPP
#define ISOLATTE_SOAK_REPORT_HPP

#include "ledger.hpp"
#include "round.hpp"
#include "settings.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace soak {

/// Tells how far the run has come, and ends the program if a job does not complete.
class report {
 public:
  report(ledger& book, const settings& wanted, const abilities& can);

  void begin_round(const round_plan& what);
  void end_round(const round_counts& counts, std::size_t resident, std::size_t allocated);
  /// To be called several times a second.
  void watch();
  /// Prints the table of all jobs. Complains if a run that was long enough has not met everything.
  /// @return whether nothing was wrong
  bool conclude();

 private:
  std::string line() const;
  void give_up();
  void check_variety();
  std::string hint() const;

  ledger& book_;
  settings const wanted_;
  abilities const can_;
  ledger::clock::time_point const start_ = ledger::clock::now();
  ledger::clock::time_point told_ = start_;
  std::uint64_t told_jobs_ = 0;
  round_plan round_{};
  std::uint64_t rounds_ = 0;
  std::uint64_t foreign_ = 0;
  std::array<std::uint64_t, phase_count> disturbances_{};
  std::size_t resident_ = 0;
  std::size_t allocated_ = 0;
  std::size_t most_resident_ = 0;
};

}  // namespace soak

#endif
