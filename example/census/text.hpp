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

/// What came from a file or a child, safe for a terminal and valid UTF-8: a control character or a
/// broken sequence becomes a question mark.
std::string printable(std::string_view text);

/// At most so many characters, the middle left out where there are more.
std::string shorten(std::string text, std::size_t most);

/// "12,345"
std::string count(std::uint64_t number);
/// "1 program", "2 programs"
std::string count(std::uint64_t number, const std::string& what);
/// "61.2 ms"
std::string duration(std::chrono::nanoseconds time);
/// "4.2 MiB"
std::string bytes(std::uint64_t number);
/// "std::length_error: vector::_M_default_append"
std::string describe(const std::exception_ptr& exception);

}  // namespace census

#endif
