// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_LOGIC_INVOCATION_HPP
#define ISOLATTE_LIB_LOGIC_INVOCATION_HPP

#include <isolatte/program.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace isolatte::inline v0_1::logic {

/// A program in the form that execve() takes.
struct invocation {
  /// The files to try, in this order, until one can be executed.
  std::vector<std::string> paths;
  /// Whether the files come from `PATH`: then a missing one is no error as long as another is
  /// there.
  bool searched = false;
  /// The environment, each `NAME=VALUE`.
  std::vector<std::string> variables;
};

/// Whether every text can be handed over unchanged: it has no null character, and every variable's
/// name can be told from its value.
bool well_formed(const program& what) noexcept;

/// Works out which files are to be tried, and with which environment.
/// @param inherited this program's variables, null-terminated
/// @param default_path the folders to look a name up in if there is no `PATH` at all
invocation invoke(const program& what, const char* const* inherited, std::string_view default_path);

}  // namespace isolatte::inline v0_1::logic

#endif
