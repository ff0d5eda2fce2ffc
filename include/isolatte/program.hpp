// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_PROGRAM_HPP
#define ISOLATTE_PROGRAM_HPP

#include <isolatte/config.hpp>
#include <isolatte/stdio.hpp>

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace isolatte::inline v0_1 {

/// The environment variables that a program is given: by default those that this program has when
/// it starts the other.
///
/// @code
/// isolatte::inherited_with({{"LANG", "C"}, {"LD_PRELOAD", std::nullopt}})
/// isolatte::exactly({{"PATH", "/usr/bin"}})
/// @endcode
class environment {
 public:
  /// Variables by name. One without a value is left out.
  using variables = std::map<std::string, std::optional<std::string>>;

  /// Gives this program's own variables.
  environment() = default;
  /// Gives this program's own variables.
  environment(inherit_t) {}

  /// Tells whether this program's own variables are among them.
  /// @return false for exactly()
  bool inherits() const noexcept { return inherits_; }
  /// Returns the variables that are given besides the inherited ones, or instead of them.
  /// @return the variables
  const variables& given() const noexcept { return given_; }

  friend environment inherited_with(variables changes);
  friend environment exactly(variables all);

 private:
  environment(bool inherits, variables given) : inherits_{inherits}, given_{std::move(given)} {}

  bool inherits_ = true;
  variables given_;
};

/// Gives this program's own variables, and some others.
/// @param changes what is added, replaced or, if it has no value, left out
/// @return the environment
/// @par Exception safety
/// Does not throw, except for copying the argument.
inline environment inherited_with(environment::variables changes) {
  return {true, std::move(changes)};
}

/// Gives these variables and no others.
/// @param all every variable the program is to have
/// @return the environment
/// @par Exception safety
/// Does not throw, except for copying the argument.
inline environment exactly(environment::variables all) { return {false, std::move(all)}; }

/// A program to be run, and how it is called.
///
/// @code
/// isolatte::program{"sort", {"-r", "names.txt"}, isolatte::inherited_with({{"LC_ALL", "C"}})}
/// @endcode
struct program {
  /// The file to execute. A name without a slash is looked up in the `PATH` that the program is
  /// given, or in this program's own if it is given none. A relative path starts at @ref start_dir.
  std::filesystem::path executable;
  /// The arguments, except for the first, which is @ref executable as it stands here.
  std::vector<std::string> args{};
  /// The environment variables.
  isolatte::environment environment{};
  /// The directory that the program starts in; if empty, this program's own.
  std::filesystem::path start_dir{};
  /// Whether the program is a job of the terminal that its input is, as shells make one: for a
  /// program that does job control itself.
  ///
  /// The program leads its own process group in any case, and options::kill_tree holds. If this
  /// program is in the foreground, that group becomes the foreground group before the program runs.
  /// SIGTTIN and SIGTTOU keep their default actions. This program takes the terminal back with
  /// `tcsetpgrp` when the other has stopped or ended, and continues one that has stopped: nothing
  /// else does. No effect without options::kill_tree, or with isolation::processes.
  bool foreground = false;
};

}  // namespace isolatte::inline v0_1

#endif
