// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_EXAMPLE_CENSUS_TRUSTING_READER_HPP
#define ISOLATTE_EXAMPLE_CENSUS_TRUSTING_READER_HPP

#include "elf_facts.hpp"

#include <filesystem>

namespace census {

/// Reads an ELF file and checks nothing. The bugs are intended; see the source.
elf_facts read_trustingly(const std::filesystem::path& file);

}  // namespace census

#endif
