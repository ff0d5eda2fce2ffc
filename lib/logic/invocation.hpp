// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_LOGIC_INVOCATION_HPP
#define ISOLATTE_LIB_LOGIC_INVOCATION_HPP

#include <isolatte/program.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace isolatte::logic {

/// A program as the system wants it.
struct invocation {
  /// The files to try, in this order, until one can be executed.
  std::vector<std::string> paths;
  /// Whether these come from `PATH`: then one that is not there is no error as long as another is.
  bool searched = false;
  /// The environment, each `NAME=VALUE`.
  std::vector<std::string> variables;
};

/// Whether every text can be handed over as it is: no null character, no variable whose name could
/// not be told from its value.
bool well_formed(const program& what) noexcept;

/// @param inherited this program's variables, null-terminated
/// @param default_path where to look a name up when there is no `PATH` at all
invocation invoke(const program& what, const char* const* inherited, std::string_view default_path);

}  // namespace isolatte::logic

#endif
