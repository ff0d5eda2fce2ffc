// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_ARCHIVE_CARRY_PLAIN_HPP
#define ISOLATTE_DETAIL_ARCHIVE_CARRY_PLAIN_HPP

#include <isolatte/detail/archive/standard_type.hpp>
#include <isolatte/detail/archive/transportable.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <variant>

namespace boost {
struct blank;
}  // namespace boost
namespace boost::variant2 {
struct monostate;
}  // namespace boost::variant2

namespace isolatte::inline v0_1::detail {

/// @cond
template <complex_number T>
inline constexpr bool is_plain_standard<T> = plain<typename T::value_type>;
template <class T, std::size_t N>
inline constexpr bool is_plain_standard<std::array<T, N>> = N != 0 && plain<T>;
template <class Rep, class Period>
inline constexpr bool is_plain_standard<std::chrono::duration<Rep, Period>> = plain<Rep>;
template <class Clock, class Duration>
inline constexpr bool is_plain_standard<std::chrono::time_point<Clock, Duration>> = plain<Duration>;
/// @endcond

template <class T>
struct empty_carrier {
  static constexpr bool given = true;
  static constexpr bool complete = true;
  template <class Ar>
  static void save(Ar&, const T&) {}
  template <class Ar>
  static void load(Ar&, T& value) {
    value = T();
  }
};
template <>
struct carrier<std::monostate> : empty_carrier<std::monostate> {};
template <>
struct carrier<boost::blank> : empty_carrier<boost::blank> {};
template <>
struct carrier<boost::variant2::monostate> : empty_carrier<boost::variant2::monostate> {};
template <>
struct carrier<std::nullptr_t> : empty_carrier<std::nullptr_t> {};
template <>
struct carrier<std::nullopt_t> {
  static constexpr bool given = false;
};

}  // namespace isolatte::inline v0_1::detail

#endif
