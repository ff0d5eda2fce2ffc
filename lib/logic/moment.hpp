// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_LOGIC_MOMENT_HPP
#define ISOLATTE_LIB_LOGIC_MOMENT_HPP

#include <isolatte/config.hpp>

#include <algorithm>
#include <chrono>

namespace isolatte::inline v0_1::logic {

/// A point in time. The logic reads no clock: each event that depends on time carries its own.
using moment = std::chrono::steady_clock::time_point;

/// A time may be as long as the type can hold.
inline moment later(moment from, std::chrono::nanoseconds by) noexcept {
  using std::chrono::nanoseconds;
  auto const left = std::chrono::duration_cast<nanoseconds>(moment::max() - from);
  return by >= left ? moment::max() : from + std::max(by, nanoseconds::zero());
}

}  // namespace isolatte::inline v0_1::logic

#endif
