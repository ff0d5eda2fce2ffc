// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_EXAMPLE_CENSUS_TRUSTING_READER_HPP
#define ISOLATTE_EXAMPLE_CENSUS_TRUSTING_READER_HPP

#include "elf_facts.hpp"

#include <filesystem>

namespace census {

/// Reads an ELF file and believes every word of it. Its bugs are the point: see the source.
elf_facts read_trustingly(const std::filesystem::path& file);

}  // namespace census

#endif
