// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_COMMAND_RUN_ONE_HPP
#define ISOLATTE_COMMAND_RUN_ONE_HPP

#include "request.hpp"

namespace isolatte_run {

/// Runs the program, and tells how it has ended.
/// @return the exit code
int run_one(const request& what);

}  // namespace isolatte_run

#endif
