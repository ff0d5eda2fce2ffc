// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_MEMORY_MAPPING_HPP
#define ISOLATTE_LIB_POSIX_MEMORY_MAPPING_HPP

#include <cstdint>
#include <string_view>

namespace isolatte::inline v0_1::posix {

/// A line of /proc/self/maps.
struct memory_mapping {
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;
  std::string_view permissions;
  std::uintptr_t offset = 0;
  /// A path, a name in brackets, or nothing. Refers to the line.
  std::string_view name;
};

/// Reads a line without its end. Async-signal-safe.
memory_mapping parse_mapping(std::string_view line) noexcept;

}  // namespace isolatte::inline v0_1::posix

#endif
