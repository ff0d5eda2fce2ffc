// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_LAUNCH_DESCRIBE_HPP
#define ISOLATTE_LIB_LAUNCH_DESCRIBE_HPP

#include <cstdint>
#include <string>

namespace isolatte::inline v0_1::launch {

/// Gives the function of an address in one line, with file and line if debug information has them.
/// Empty if no name is found. Too slow for an event loop: it reads the program's debug information.
std::string describe(std::uintptr_t address);

}  // namespace isolatte::inline v0_1::launch

#endif
