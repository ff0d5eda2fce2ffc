// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_ARCHIVE_MEMORY_COST_HPP
#define ISOLATTE_DETAIL_ARCHIVE_MEMORY_COST_HPP

#include <cstddef>

namespace isolatte::inline v0_1::detail {

// A small frame must not make its reader allocate much memory. Both sides add up what the counts
// and pointers of a value cost. The reader stops at memory_slack plus memory_factor times the
// frame. The writer pads the frame of a value that needs more, as a vector of a million empty
// structs does.
inline constexpr std::size_t memory_slack = 64 * 1024;
inline constexpr std::size_t memory_factor = 16;

/// The bytes that a node of a container takes besides its value.
inline constexpr std::size_t node_cost = 32;
/// The bytes that an archive keeps for an object to which pointers can point.
inline constexpr std::size_t record_cost = 64;
/// The cost of an item of an unknown collection.
inline constexpr std::size_t unknown_item_cost = 16;

template <class T>
inline constexpr std::size_t heap_cost = sizeof(T) + node_cost + record_cost;

template <class T>
consteval std::size_t item_cost_of() {
  if constexpr (requires { sizeof(typename T::value_type); })
    return sizeof(typename T::value_type) + node_cost;
  else
    return unknown_item_cost;
}

}  // namespace isolatte::inline v0_1::detail

#endif
