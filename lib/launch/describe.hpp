// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_LAUNCH_DESCRIBE_HPP
#define ISOLATTE_LIB_LAUNCH_DESCRIBE_HPP

#include <cstdint>
#include <span>
#include <string>

namespace isolatte::launch {

/// Function and, where debug information says so, file and line of an address, in one line. Slow
/// (it reads the program's debug information), so not for an event loop.
std::string describe(std::uintptr_t address);

/// The address alone, for when that fails.
std::string hexadecimal(std::uintptr_t address);

/// Frames below each other, with their numbers.
std::string number(std::span<const std::string> frames);

}  // namespace isolatte::launch

#endif
