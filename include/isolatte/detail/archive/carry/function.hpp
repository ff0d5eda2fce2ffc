// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_ARCHIVE_CARRY_FUNCTION_HPP
#define ISOLATTE_DETAIL_ARCHIVE_CARRY_FUNCTION_HPP

#include <isolatte/detail/archive/transportable.hpp>

#include <type_traits>

namespace isolatte::inline v0_1::detail {

// A container means something else without its order, hash or equality: a null function pointer in
// its place would crash the reader.

/// A function object that has no state, or a state that is transportable.
template <class F>
concept carriable_function =
    std::is_default_constructible_v<F> && (std::is_empty_v<F> || transportable<F>);

template <class Ar, class F>
void save_function(Ar& ar, const F& function) {
  if constexpr (!std::is_empty_v<F>) ar << function;
}

template <class Ar, class F>
void load_function(Ar& ar, F& function) {
  if constexpr (!std::is_empty_v<F>) ar >> function;
}

}  // namespace isolatte::inline v0_1::detail

#endif
