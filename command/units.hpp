// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_COMMAND_UNITS_HPP
#define ISOLATTE_COMMAND_UNITS_HPP

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace isolatte_run {

/// Reads a time: "500ms", "1.5s", "2m", "1h". A number without a unit is seconds.
/// @return nothing if the text is no time, or one of more than 290 years
std::optional<std::chrono::nanoseconds> parse_time(std::string_view text) noexcept;

/// Reads a number of things, without a unit.
/// @return nothing if the text is no number, or one of more than 64 bits
std::optional<std::uint64_t> parse_number(std::string_view text) noexcept;

/// Reads a number of bytes: "4096", "64K", "512M", "1.5G", in powers of 1024.
/// @return nothing if the text is no size, or one of more than 64 bits
std::optional<std::uint64_t> parse_size(std::string_view text) noexcept;

}  // namespace isolatte_run

#endif
