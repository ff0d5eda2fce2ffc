// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "units.hpp"

#include <array>
#include <charconv>
#include <limits>
#include <span>

namespace isolatte_run {

namespace {

struct unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr std::uint64_t second = 1'000'000'000;
constexpr std::array times{unit{"ns", 1},     unit{"us", 1'000},      unit{"ms", 1'000'000},
                           unit{"s", second}, unit{"m", 60 * second}, unit{"h", 3600 * second},
                           unit{"", second}};
constexpr std::array sizes{unit{"K", std::uint64_t{1} << 10}, unit{"M", std::uint64_t{1} << 20},
                           unit{"G", std::uint64_t{1} << 30}, unit{"T", std::uint64_t{1} << 40},
                           unit{"", 1}};

/// Takes digits from the beginning.
std::optional<std::uint64_t> take_number(std::string_view& text) noexcept {
  std::uint64_t number = 0;
  auto const read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(read.ptr - text.data()));
  return number;
}

/// A part of one, in millionths.
constexpr std::uint64_t millionths_of_one = 1'000'000;

/// Takes ".5" from the beginning, with up to six digits.
std::optional<std::uint64_t> take_millionths(std::string_view& text) noexcept {
  if (!text.starts_with('.')) return 0;
  text.remove_prefix(1);
  auto const before = text.size();
  auto number = take_number(text);
  auto const digits = before - text.size();
  if (!number || digits > 6) return std::nullopt;
  for (std::size_t i = digits; i != 6; ++i) *number *= 10;
  return number;
}

std::optional<std::uint64_t> parse(std::string_view text, std::span<const unit> units,
                                   std::uint64_t most) noexcept {
  auto const number = take_number(text);
  if (!number) return std::nullopt;
  bool const is_whole = !text.starts_with('.');
  auto const millionths = take_millionths(text);
  if (!millionths) return std::nullopt;
  for (auto const& each : units) {
    if (text != each.name) continue;
    // There is no half of a byte. The largest factor times a million fits into 64 bits.
    if (!is_whole && each.factor == 1) return std::nullopt;
    std::uint64_t const part = *millionths * each.factor / millionths_of_one;
    if (*number > (most - part) / each.factor) return std::nullopt;
    return *number * each.factor + part;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::chrono::nanoseconds> parse_time(std::string_view text) noexcept {
  auto const read = parse(text, times, std::numeric_limits<std::int64_t>::max());
  if (!read) return std::nullopt;
  return std::chrono::nanoseconds{static_cast<std::int64_t>(*read)};
}

std::optional<std::uint64_t> parse_number(std::string_view text) noexcept {
  constexpr std::array none{unit{"", 1}};
  return parse(text, none, std::numeric_limits<std::uint64_t>::max());
}

std::optional<std::uint64_t> parse_size(std::string_view text) noexcept {
  return parse(text, sizes, std::numeric_limits<std::uint64_t>::max());
}

}  // namespace isolatte_run
