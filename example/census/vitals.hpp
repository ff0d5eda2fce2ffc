// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_EXAMPLE_CENSUS_VITALS_HPP
#define ISOLATTE_EXAMPLE_CENSUS_VITALS_HPP

#include <tuple>
#include <vector>

#include <sys/types.h>

namespace census {

/// What of this process a child could have left behind.
struct vitals {
  /// Number, device and inode of every open descriptor.
  std::vector<std::tuple<int, dev_t, ino_t>> descriptors;
  /// Whether there is any child of this process, alive or a zombie.
  bool has_child = false;

  /// Nothing to clear away: no child, and the descriptors of an earlier look.
  bool unharmed_since(const vitals& before) const {
    return !has_child && descriptors == before.descriptors;
  }
};

vitals take_vitals();

}  // namespace census

#endif
