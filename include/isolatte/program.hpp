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

namespace isolatte {

/// The environment variables that a program is given. Unless told otherwise they are those that
/// this program has when it starts the other.
///
/// @code
/// isolatte::inherited_with({{"LANG", "C"}, {"LD_PRELOAD", std::nullopt}})
/// isolatte::exactly({{"PATH", "/usr/bin"}})
/// @endcode
class environment {
 public:
  /// Variables by name. One without a value is not to be there.
  using variables = std::map<std::string, std::optional<std::string>>;

  /// This program's own variables.
  environment() = default;
  /// This program's own variables.
  environment(inherit_t) {}

  /// Whether this program's own variables are among them.
  /// @return false for exactly()
  bool inherits() const noexcept { return inherits_; }
  /// What is given beside the inherited ones, or instead of them.
  /// @return the variables
  const variables& given() const noexcept { return given_; }

  friend environment inherited_with(variables changes);
  friend environment exactly(variables all);

 private:
  environment(bool inherits, variables given) : inherits_{inherits}, given_{std::move(given)} {}

  bool inherits_ = true;
  variables given_;
};

/// This program's own variables, and some others.
/// @param changes what is added, replaced or, where it has no value, left out
/// @return the environment
inline environment inherited_with(environment::variables changes) {
  return {true, std::move(changes)};
}

/// These variables and no others.
/// @param all every variable the program is to have
/// @return the environment
inline environment exactly(environment::variables all) { return {false, std::move(all)}; }

/// A program to be run, and how it is called.
///
/// @code
/// isolatte::program{"sort", {"-r", "names.txt"}, isolatte::inherited_with({{"LC_ALL", "C"}})}
/// @endcode
struct program {
  /// The file to execute. A name without a slash is looked up in the `PATH` that the program is
  /// given, in this program's own where it is given none. A relative path starts at @ref start_dir.
  std::filesystem::path executable;
  /// Its arguments, without its name: that is @ref executable as it stands here.
  std::vector<std::string> args{};
  /// Its environment variables.
  isolatte::environment environment{};
  /// The directory it starts in; this program's own where empty.
  std::filesystem::path start_dir{};
};

}  // namespace isolatte

#endif
