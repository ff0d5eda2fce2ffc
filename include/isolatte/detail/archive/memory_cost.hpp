// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_ARCHIVE_MEMORY_COST_HPP
#define ISOLATTE_DETAIL_ARCHIVE_MEMORY_COST_HPP

#include <cstddef>

namespace isolatte::inline v0_1::detail {

// A small frame must not make its reader allocate much memory. Both sides add up what the counts
// and pointers of a value cost; a reader stops at memory_slack and memory_factor times the frame.
// The writer pads the frame of a value that needs more: of a vector of a million empty structs,
// say.
inline constexpr std::size_t memory_slack = 64 * 1024;
inline constexpr std::size_t memory_factor = 16;

/// What a node of a container takes besides its value.
inline constexpr std::size_t node_cost = 32;
/// What the archives keep of an object that can be pointed to.
inline constexpr std::size_t record_cost = 64;
/// The cost of an item of a collection of which no more is known.
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
