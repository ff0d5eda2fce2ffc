// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_SPARE_MEMORY_HPP
#define ISOLATTE_LIB_POSIX_SPARE_MEMORY_HPP

#include "posix/origin.hpp"

#include <cstddef>
#include <utility>

namespace isolatte::inline v0_1::posix {

// A child shares memory with the program, and no memory serves two children: a process that the
// first has left could write to it. Mapping and unmapping take as long as twenty other calls. The
// program therefore does both after a fork, in time that it would spend waiting for the child:
// memory is made ahead of need, and what has served is unmapped late. Thread-safe.

struct held_memory {
  void* address = nullptr;
  std::size_t size = 0;

  void unmap() const noexcept;
};

/// Memory that is hidden from children: a copy of the program has only its address.
class kept_place {
 public:
  /// @return what was here
  held_memory exchange(held_memory with) noexcept {
    held_memory const old = std::exchange(held_, with);
    return made_.move_here() ? held_memory{} : old;
  }

 private:
  held_memory held_;
  origin made_;
};

/// The memory that is kept between two children. Lies with the registry, to which every child makes
/// the program write. Guarded by the registry's lock, which no child finds locked.
struct spare_pages {
  kept_place spare;
  kept_place served;
};

/// Takes the memory that has been made ahead of need, and that is hidden from children.
/// @return null if there is none of this size
void* take_spare_memory(std::size_t size) noexcept;
/// Unmaps memory that no later child inherits, now or after the next fork.
void unmap_later(void* address, std::size_t size) noexcept;
/// Does what has been left for the time after a fork, and makes memory for the next child.
void replace_spare_memory(std::size_t size) noexcept;

}  // namespace isolatte::inline v0_1::posix

#endif
