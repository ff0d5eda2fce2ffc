// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_EXCEPTION_CODEC_HPP
#define ISOLATTE_DETAIL_EXCEPTION_CODEC_HPP

#include <isolatte/config.hpp>
#include <isolatte/detail/vocabulary/byte_buffer.hpp>

#include <cstddef>
#include <exception>
#include <span>
#include <string>

namespace isolatte::inline v0_1::detail {

/// The most exceptions of a nested chain that travel. A note takes the place of the others.
inline constexpr std::size_t max_exception_links = 128;

/// Appends the exception, and those nested in it, to @p out: @p limit bytes at most.
///
/// If they do not fit, these are left out, in this order: a type's own data, the end of long texts
/// (with a note), inner exceptions. In the worst case nothing is appended, and decode_exception()
/// accepts that, too.
ISOLATTE_DECL void encode_exception(byte_buffer& out, const std::exception_ptr& thrown,
                                    std::size_t limit) noexcept;

/// Rebuilds what encode_exception() appended.
/// @throws malformed_frame if encode_exception() cannot have appended this
ISOLATTE_DECL std::exception_ptr decode_exception(std::span<const std::byte> bytes);

/// Gives the type and the message of an exception in one text, as in
/// "std::out_of_range: too far"; one of them alone if there is no other. An exception that
/// stands for one of the child's has the type and the message of the original.
ISOLATTE_DECL std::string describe_exception(const std::exception_ptr& thrown);

}  // namespace isolatte::inline v0_1::detail

#endif
