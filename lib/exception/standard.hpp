// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_EXCEPTION_STANDARD_HPP
#define ISOLATTE_LIB_EXCEPTION_STANDARD_HPP

#include "exception/record.hpp"

#include <isolatte/detail/exception/registry.hpp>
#include <isolatte/detail/vocabulary/byte_buffer.hpp>

#include <exception>
#include <span>
#include <string_view>

namespace isolatte::inline v0_1::detail {

/// The exception types of the standard library, and boost::system::system_error.
std::span<const exception_ops* const> standard_exceptions() noexcept;

/// Owns the encoded parts of one exception while its link refers to them.
struct standard_storage {
  byte_buffer code;
};

/// Finds what the standard base classes of an exception hold.
/// @param object null finds nothing
standard_parts collect_standard(const std::exception* object, standard_storage& storage);

/// Finds the texts alone, and allocates nothing.
standard_parts collect_standard_text(const std::exception* object) noexcept;

/// Gives the object's standard base classes back what they held.
void restore_standard(std::exception& object, const standard_parts& parts);

}  // namespace isolatte::inline v0_1::detail

#endif
