// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_ARCHIVE_FOREIGN_ALLOWANCE_HPP
#define ISOLATTE_DETAIL_ARCHIVE_FOREIGN_ALLOWANCE_HPP

#include <isolatte/config.hpp>

#include <cstddef>
#include <cstdint>

namespace isolatte::inline v0_1::detail {

/// How much a frame may still make the program do for error categories that it does not know. After
/// that all of them are one category, which says that they are unknown.
struct foreign_allowance {
  /// @param frame its size in bytes
  explicit foreign_allowance(std::size_t frame) noexcept
      : comparisons{(std::uint64_t{1} << 26) + 16 * std::uint64_t{frame}} {}

  /// Messages that the program keeps.
  std::size_t texts = 256;
  /// Comparisons with categories and messages that are kept. Other frames may have left many.
  std::uint64_t comparisons;
};

}  // namespace isolatte::inline v0_1::detail

#endif
