// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_TEST_PROCESS_SHARED_MEMORY_HPP
#define ISOLATTE_TEST_PROCESS_SHARED_MEMORY_HPP

#include "support/shared_counters.hpp"

#include <cstddef>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

namespace isolatte::inline v0_1::test {

/// Memory that this process shares with another, and may write to.
struct shared_mapping {
  std::byte* begin;
  std::size_t size;
};

/// Empty, too, if the list of mappings cannot be read.
inline std::vector<shared_mapping> shared_mappings() {
  std::vector<shared_mapping> found;
  std::ifstream maps{"/proc/self/maps"};
  for (std::string line; std::getline(maps, line);) {
    unsigned long from = 0;
    unsigned long to = 0;
    char permissions[5] = {};
    if (std::sscanf(line.c_str(), "%lx-%lx %4s", &from, &to, permissions) == 3 &&
        std::strcmp(permissions, "rw-s") == 0 && !is_counter(reinterpret_cast<void*>(from)))
      found.push_back({reinterpret_cast<std::byte*>(from), to - from});
  }
  return found;
}

inline int count_shared_mappings() { return static_cast<int>(shared_mappings().size()); }

}  // namespace isolatte::inline v0_1::test

#endif
