// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_COMMAND_RUN_MAP_HPP
#define ISOLATTE_COMMAND_RUN_MAP_HPP

#include "request.hpp"

namespace isolatte_run {

/// Runs the program for each line of the standard input, and prints what each has written, in the
/// order of the lines.
/// @return the exit code
int run_map(const request& what);

}  // namespace isolatte_run

#endif
