// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_PAGE_SLABS_HPP
#define ISOLATTE_LIB_POSIX_PAGE_SLABS_HPP

#include "posix/origin.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace isolatte::inline v0_1::posix {

/// Gives a hidden page of shared memory, which serves the one child that it is passed to.
///
/// The pages of a slab are one mapping: each mapping of its own takes a microsecond of every fork
/// that comes while it is there. A child could extend its page to the slab with mremap(), so a
/// sandbox needs memory of its own instead.
/// @return null if there is none
void* take_slab_page() noexcept;
void give_slab_page(void* page) noexcept;
/// Brings the next page in. To be called after a fork, in time that is left.
void prepare_slab_page() noexcept;

/// Lies with the registry, which every child makes the program write to. Guarded by its lock.
class page_slabs {
 public:
  void* take() noexcept;
  void give(const void* page) noexcept;
  void* next() noexcept;
  /// Unmaps all pages, if none is in use.
  /// @return whether none was
  bool clear() noexcept;

 private:
  static constexpr std::size_t pages_at_once = 32;

  struct slab {
    char* pages = nullptr;
    /// The number of pages that have been taken.
    std::uint32_t begun = 0;
    /// The number of pages that are in use.
    std::uint32_t taken = 0;
  };

  bool make_next() noexcept;

  /// A copy of the program does not have the pages.
  origin made_;
  std::uint32_t page_size_ = 0;
  std::uint32_t current_ = 0;
  /// Further children have memory of their own.
  std::array<slab, 32> all_;
};

}  // namespace isolatte::inline v0_1::posix

#endif
