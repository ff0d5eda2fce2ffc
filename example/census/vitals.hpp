// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_EXAMPLE_CENSUS_VITALS_HPP
#define ISOLATTE_EXAMPLE_CENSUS_VITALS_HPP

#include <tuple>
#include <vector>

#include <sys/types.h>

namespace census {

/// Everything of this process that a child could have leaked.
struct vitals {
  /// The number, device and inode of every open descriptor.
  std::vector<std::tuple<int, dev_t, ino_t>> descriptors;
  /// Whether this process has a child, alive or a zombie.
  bool has_child = false;

  /// Whether there is no child, and the descriptors are those of an earlier look.
  bool unharmed_since(const vitals& before) const {
    return !has_child && descriptors == before.descriptors;
  }
};

vitals take_vitals();

}  // namespace census

#endif
