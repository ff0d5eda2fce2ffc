// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_ARCHIVE_CARRY_TIME_HPP
#define ISOLATTE_DETAIL_ARCHIVE_CARRY_TIME_HPP

#include <isolatte/detail/archive/transportable.hpp>

#include <chrono>

namespace isolatte::inline v0_1::detail {

template <class Rep, class Period>
struct carrier<std::chrono::duration<Rep, Period>> {
  static constexpr bool given = !plain<Rep>;
  static constexpr bool complete = transportable<Rep>;

  template <class Ar>
  static void save(Ar& ar, const std::chrono::duration<Rep, Period>& value) {
    ar << Rep(value.count());
  }
  template <class Ar>
  static void load(Ar& ar, std::chrono::duration<Rep, Period>& value) {
    Rep count{};
    ar >> count;
    value = std::chrono::duration<Rep, Period>(count);
  }
};

template <class Clock, class Duration>
struct carrier<std::chrono::time_point<Clock, Duration>> {
  static constexpr bool given = !plain<Duration>;
  static constexpr bool complete = transportable<Duration>;

  template <class Ar>
  static void save(Ar& ar, const std::chrono::time_point<Clock, Duration>& value) {
    ar << value.time_since_epoch();
  }
  template <class Ar>
  static void load(Ar& ar, std::chrono::time_point<Clock, Duration>& value) {
    Duration since{};
    ar >> since;
    value = std::chrono::time_point<Clock, Duration>(since);
  }
};

}  // namespace isolatte::inline v0_1::detail

#endif
