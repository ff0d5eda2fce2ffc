// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_EXAMPLE_CENSUS_DAMAGE_HPP
#define ISOLATTE_EXAMPLE_CENSUS_DAMAGE_HPP

#include "specimen.hpp"

#include <filesystem>

namespace census {

/// Writes a damaged copy of a program. The same specimen always gives the same bytes.
void write_damaged_copy(const specimen& what, const std::filesystem::path& to);

}  // namespace census

#endif
