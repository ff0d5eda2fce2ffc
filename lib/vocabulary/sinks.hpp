// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_VOCABULARY_SINKS_HPP
#define ISOLATTE_LIB_VOCABULARY_SINKS_HPP

#include <isolatte/stdio.hpp>

#include <variant>

namespace isolatte::inline v0_1::detail {

/// Whether the program reads what the child writes there.
inline bool is_read(const sink& to) noexcept {
  return std::holds_alternative<capture>(to) || std::holds_alternative<by_line>(to);
}

}  // namespace isolatte::inline v0_1::detail

#endif
