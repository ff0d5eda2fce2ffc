// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_COMMAND_REQUEST_HPP
#define ISOLATTE_COMMAND_REQUEST_HPP

#include <isolatte/options.hpp>
#include <isolatte/program.hpp>

#include <cstddef>
#include <filesystem>
#include <iosfwd>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace isolatte_run {

/// The meaning of the arguments of the command.
struct request {
  enum class kind { help, version, run, map };

  kind what = kind::run;
  /// With `{}` in the place of the line, for a map.
  isolatte::program program;
  /// All but the sandbox.
  isolatte::options options;
  /// Adds to the sandbox that the program needs; without it there is none.
  std::optional<isolatte::sandbox> sandbox;
  /// The outcome is told as JSON on the standard output, with what the program has written.
  bool json = false;
  /// A successful outcome is told, too.
  bool verbose = false;
  /// Also tells the outcome there, as JSON.
  std::filesystem::path report;
  /// How many programs a map runs at once.
  std::size_t jobs = 1;

  /// The options for one program, with its sandbox.
  isolatte::options options_for(const isolatte::program& one) const;
};

/// The arguments make no sense.
class wrong_arguments : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// @param args without the name of the command
/// @throws wrong_arguments
request parse(const std::vector<std::string>& args);

void print_help(std::ostream& to);

}  // namespace isolatte_run

#endif
