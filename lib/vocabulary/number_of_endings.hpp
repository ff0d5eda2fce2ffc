// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_VOCABULARY_NUMBER_OF_ENDINGS_HPP
#define ISOLATTE_LIB_VOCABULARY_NUMBER_OF_ENDINGS_HPP

#include <isolatte/ending.hpp>

#include <cstddef>

namespace isolatte::inline v0_1::detail {

/// For tables with a place for each ending; a unit test fails if another enumerator becomes the
/// last one.
inline constexpr std::size_t number_of_endings = static_cast<std::size_t>(ending::lost) + 1;

}  // namespace isolatte::inline v0_1::detail

#endif
