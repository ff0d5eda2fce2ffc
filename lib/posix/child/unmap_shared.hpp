// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_CHILD_UNMAP_SHARED_HPP
#define ISOLATTE_LIB_POSIX_CHILD_UNMAP_SHARED_HPP

#include "confine/kept_memory.hpp"
#include "posix/descriptor.hpp"

#include <vector>

namespace isolatte::inline v0_1::posix {

/// Opens the list of this process's memory. A process that gives up its user cannot do so any more.
/// Async-signal-safe.
/// @return none if that fails; errno tells why
descriptor open_memory_map() noexcept;

/// Unmaps all memory that this process shares with others and can write, or could make writable.
/// Async-signal-safe.
/// @param map what open_memory_map() opened
/// @param kept what stays, ascending
/// @param page stays, too
/// @return whether it worked; errno tells why not
bool unmap_shared(int map, const std::vector<confine::memory_range>& kept,
                  const void* page) noexcept;

}  // namespace isolatte::inline v0_1::posix

#endif
