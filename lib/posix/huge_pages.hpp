// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_HUGE_PAGES_HPP
#define ISOLATTE_LIB_POSIX_HUGE_PAGES_HPP

#include <cstdint>

namespace isolatte::inline v0_1::posix {

/// The pages that make it worth while to move their surroundings into a huge page.
enum class pages_to_move {
  /// All that are in memory.
  present,
  /// The pages that no other process has. A copy of a large program moves what it has made itself,
  /// and not a second time what the program has.
  own,
};

/// Moves this process's private memory without a file into huge pages, as far as the kernel can and
/// a huge page is used to three quarters. Allocates nothing.
/// @return the bytes that have been moved
std::uint64_t move_to_huge_pages(pages_to_move which) noexcept;

}  // namespace isolatte::inline v0_1::posix

#endif
