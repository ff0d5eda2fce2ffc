// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_SOAK_OUTPUT_HPP
#define ISOLATTE_SOAK_OUTPUT_HPP

#include <string>

namespace soak {

/// Keeps the program's output for say(), and makes the null device of its streams 0, 1 and 2, which
/// jobs inherit and attack.
void keep_output_from_jobs();

/// The descriptor of the program's output.
int output_descriptor();

/// Whether the output is a terminal.
bool speaks_to_terminal();

/// Writes a line to the program's output. Thread-safe.
void say(const std::string& line);

/// Overwrites the last line of this kind on a terminal.
void say_for_now(const std::string& line);

}  // namespace soak

#endif
