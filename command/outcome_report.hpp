// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_COMMAND_OUTCOME_REPORT_HPP
#define ISOLATTE_COMMAND_OUTCOME_REPORT_HPP

#include <isolatte/outcome.hpp>
#include <isolatte/program.hpp>

#include <boost/system/error_code.hpp>

#include <optional>
#include <string>

namespace isolatte_run {

/// The exit codes that are not the program's.
enum exit_code : int {
  some_failed = 123,
  timed_out = 124,
  command_failed = 125,
  cannot_execute = 126,
  not_found = 127,
  /// Plus the number of the signal.
  ended_by_signal = 128,
};

/// How one program has ended.
struct finished {
  isolatte::program program{};
  boost::system::error_code error{};
  isolatte::outcome<void> outcome{};
  /// The line of a map that the program was for, unless that is the program.
  std::optional<std::string> line{};
  /// The line can be no argument.
  bool is_unfit = false;
};

/// The exit code that tells how the program has ended.
int exit_code_of(const finished& what);

/// One line for people, with what made it impossible to run the program, or how it ended.
std::string text_of(const finished& what);

/// One line of JSON.
/// @param with_output adds what the program has written
std::string json_of(const finished& what, bool with_output);

}  // namespace isolatte_run

#endif
