// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_TEST_UNIT_FRAME_BYTES_HPP
#define ISOLATTE_TEST_UNIT_FRAME_BYTES_HPP

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <vector>

/// The pieces of frames that tests put together by hand.
namespace frame_bytes {

using bytes = std::vector<std::byte>;

inline bytes raw(std::initializer_list<int> values) {
  bytes result;
  for (int value : values) result.push_back(static_cast<std::byte>(value));
  return result;
}

/// A number as an archive writes it.
inline bytes number(std::uint64_t value) {
  bytes result;
  for (; value >= 0x80; value >>= 7) result.push_back(static_cast<std::byte>(value | 0x80));
  result.push_back(static_cast<std::byte>(value));
  return result;
}

inline bytes operator+(bytes a, const bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

inline bytes const end_mark = raw({0});

}  // namespace frame_bytes

#endif
