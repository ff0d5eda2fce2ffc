// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_RUN_SUMMARY_HPP
#define ISOLATTE_RUN_SUMMARY_HPP

#include <isolatte/config.hpp>
#include <isolatte/ending.hpp>
#include <isolatte/fault_info.hpp>
#include <isolatte/resource_usage.hpp>
#include <isolatte/worker_id.hpp>

#include <optional>
#include <string>
#include <vector>

namespace isolatte::inline v0_1 {

/// The last bytes that a child wrote to a stream whose sink is @ref capture.
struct captured_text {
  /// The bytes.
  std::string text{};
  /// Whether earlier bytes were dropped.
  bool truncated = false;
};

/// All that is known of one run, except for its value and its exception.
///
/// An aggregate for designated initialisers, every member with a default. The library hands it out
/// as an @ref outcome, whose members describe each fact. Programs write one to make an outcome for
/// a test: see outcome::ended.
struct run_summary {
  /// See outcome_base::how.
  ending how = ending::not_started;
  /// See outcome_base::ran.
  isolatte::ran ran = isolatte::ran::no;
  /// See outcome_base::exit_code.
  std::optional<int> exit_code{};
  /// See outcome_base::signal.
  std::optional<int> signal{};
  /// See outcome_base::core_dumped.
  bool core_dumped = false;
  /// See outcome_base::pid.
  int pid = 0;
  /// See outcome_base::usage.
  resource_usage usage{};
  /// See outcome_base::fault.
  std::optional<fault_info> fault{};
  /// See outcome_base::out_text and outcome_base::out_truncated.
  captured_text out{};
  /// See outcome_base::err_text and outcome_base::err_truncated.
  captured_text err{};
  /// See outcome_base::reason.
  std::string reason{};
  /// See outcome_base::worker.
  std::optional<worker_id> worker{};
  /// See outcome_base::gaps.
  std::vector<std::string> gaps{};
  /// See outcome_base::host.
  std::string host{};
};

}  // namespace isolatte::inline v0_1

#endif
