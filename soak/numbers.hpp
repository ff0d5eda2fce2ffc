// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_SOAK_NUMBERS_HPP
#define ISOLATTE_SOAK_NUMBERS_HPP

#include <array>
#include <cstddef>
#include <cstdint>

namespace soak {

/// Scrambles a number (splitmix64): neighbours give unrelated results.
constexpr std::uint64_t scrambled(std::uint64_t x) noexcept {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

/// A sequence of random numbers that depends on its seed alone, on every machine. The distributions
/// of the standard library do not.
class numbers {
 public:
  explicit constexpr numbers(std::uint64_t seed) noexcept : state_{scrambled(seed)} {}
  /// The sequence of the nth thing of a kind.
  constexpr numbers(std::uint64_t seed, std::uint64_t kind, std::uint64_t nth) noexcept
      : numbers{scrambled(scrambled(seed) ^ kind) ^ nth} {}

  constexpr std::uint64_t next() noexcept { return scrambled(state_++); }
  constexpr std::uint64_t below(std::uint64_t end) noexcept { return next() % end; }
  /// @return a number from first to last
  constexpr std::uint64_t between(std::uint64_t first, std::uint64_t last) noexcept {
    return first + below(last - first + 1);
  }
  /// Whether the one case in so many has come.
  constexpr bool one_in(std::uint64_t count) noexcept { return below(count) == 0; }
  template <class T, std::size_t Count>
  constexpr T one_of(const T (&choices)[Count]) noexcept {
    return choices[below(Count)];
  }

 private:
  std::uint64_t state_;
};

}  // namespace soak

#endif
