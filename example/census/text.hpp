// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_EXAMPLE_CENSUS_TEXT_HPP
#define ISOLATTE_EXAMPLE_CENSUS_TEXT_HPP

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>

namespace census {

/// Makes a text from a file or a child safe for a terminal: a control character or a broken UTF-8
/// sequence becomes a question mark.
std::string printable(std::string_view text);

/// Cuts the middle out of a text with more than `most` characters.
std::string shorten(std::string text, std::size_t most);

/// For example "12,345".
std::string count(std::uint64_t number);
/// For example "1 program" or "2 programs".
std::string count(std::uint64_t number, const std::string& what);
/// For example "61.2 ms".
std::string duration(std::chrono::nanoseconds time);
/// For example "4.2 MiB".
std::string bytes(std::uint64_t number);
/// For example "std::length_error: vector::_M_default_append".
std::string describe(const std::exception_ptr& exception);

}  // namespace census

#endif
