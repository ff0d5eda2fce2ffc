// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_ARCHIVE_POINTER_TAG_HPP
#define ISOLATTE_DETAIL_ARCHIVE_POINTER_TAG_HPP

#include <cstdint>

namespace isolatte::inline v0_1::detail {

/// The number before the object of a pointer. `derived` and above: the index of its class.
struct pointer_tag {
  static constexpr std::uint64_t null = 0;
  static constexpr std::uint64_t alias = 1;
  static constexpr std::uint64_t made = 2;
  static constexpr std::uint64_t derived = 3;
};

}  // namespace isolatte::inline v0_1::detail

#endif
