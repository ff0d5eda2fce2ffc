// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_SPARE_MEMORY_HPP
#define ISOLATTE_LIB_POSIX_SPARE_MEMORY_HPP

#include <cstddef>

namespace isolatte::inline v0_1::posix {

// A child shares memory with the program, and no memory serves two children: a process that the
// first has left could write to it. Mapping and unmapping take as long as twenty other calls. The
// program therefore does both after a fork, in time that it would spend waiting for the child:
// memory is made ahead of need, and what has served is unmapped late. Thread-safe.

/// Takes the memory that has been made ahead of need.
/// @return null if there is none of this size
void* take_spare_memory(std::size_t size) noexcept;
/// Unmaps memory that no later child inherits, now or after the next fork.
void unmap_later(void* address, std::size_t size) noexcept;
/// Does what has been left for the time after a fork, and makes memory for the next child.
void replace_spare_memory(std::size_t size) noexcept;

}  // namespace isolatte::inline v0_1::posix

#endif
