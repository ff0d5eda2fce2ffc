// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_TRACE_DESCRIBE_HPP
#define ISOLATTE_LIB_TRACE_DESCRIBE_HPP

#include <cstdint>
#include <span>
#include <string>

namespace isolatte::trace {

/// The frames as text, one a line: number, function and, where debug information says so, file and
/// line. Slow (it reads the program's debug information), so not for an event loop.
std::string describe(std::span<const std::uintptr_t> frames);

/// The addresses alone, for when that fails.
std::string list_addresses(std::span<const std::uintptr_t> frames);

}  // namespace isolatte::trace

#endif
