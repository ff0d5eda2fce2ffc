// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_CONFINE_KEPT_MEMORY_HPP
#define ISOLATTE_LIB_CONFINE_KEPT_MEMORY_HPP

#include <cstdint>
#include <vector>

namespace isolatte::inline v0_1::confine {

/// [begin, end).
struct memory_range {
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;
};

/// The ranges that keep_in_sandboxes() names, ascending.
std::vector<memory_range> kept_memory();

}  // namespace isolatte::inline v0_1::confine

#endif
