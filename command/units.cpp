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

std::optional<std::uint64_t> parse(std::string_view text, std::span<const unit> units,
                                   std::uint64_t most) noexcept {
  std::uint64_t number = 0;
  auto const read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(read.ptr - text.data()));
  for (auto const& each : units)
    if (text == each.name) {
      if (number > most / each.factor) return std::nullopt;
      return number * each.factor;
    }
  return std::nullopt;
}

}  // namespace

std::optional<std::chrono::nanoseconds> parse_time(std::string_view text) noexcept {
  auto const read = parse(text, times, std::numeric_limits<std::int64_t>::max());
  if (!read) return std::nullopt;
  return std::chrono::nanoseconds{static_cast<std::int64_t>(*read)};
}

std::optional<std::uint64_t> parse_size(std::string_view text) noexcept {
  return parse(text, sizes, std::numeric_limits<std::uint64_t>::max());
}

}  // namespace isolatte_run
