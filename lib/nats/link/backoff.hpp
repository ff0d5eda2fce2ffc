// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_NATS_LINK_BACKOFF_HPP
#define ISOLATTE_LIB_NATS_LINK_BACKOFF_HPP

#include <isolatte/config.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace isolatte::inline v0_1::nats::link {

/// How long to wait before another attempt: 50 ms, doubled for each failure in a row, at most 2 s.
/// The upper half is random, so that not all programs come back at the same moment.
/// @param failures the number of attempts in a row that have failed
/// @param random any number
constexpr std::chrono::milliseconds time_until_attempt(unsigned failures,
                                                       std::uint32_t random) noexcept {
  constexpr std::int64_t shortest = 50;
  constexpr std::int64_t longest = 2000;
  std::int64_t const whole = std::min(shortest << std::min(failures, 16U), longest);
  return std::chrono::milliseconds{whole / 2 + static_cast<std::int64_t>(random) % (whole / 2 + 1)};
}

}  // namespace isolatte::inline v0_1::nats::link

#endif
