// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_ARCHIVE_CARRY_ADAPTOR_HPP
#define ISOLATTE_DETAIL_ARCHIVE_CARRY_ADAPTOR_HPP

#include <isolatte/detail/archive/transportable.hpp>
#include <isolatte/detail/vocabulary/malformed_frame.hpp>

#include <algorithm>
#include <queue>
#include <stack>

namespace isolatte::detail {

template <class Adaptor>
struct adaptor_carrier {
  /// Has access to what the adaptor wraps.
  struct insider : Adaptor {
    static auto& container(Adaptor& adaptor) { return adaptor.*(&insider::c); }
    static auto const& container(const Adaptor& adaptor) { return adaptor.*(&insider::c); }
    static auto const& order(const Adaptor& adaptor) { return adaptor.*(&insider::comp); }
  };
  static constexpr bool given = true;
  static constexpr bool complete = transportable<typename Adaptor::container_type>;

  template <class Ar>
  static void save(Ar& ar, const Adaptor& value) {
    ar << insider::container(value);
  }
  template <class Ar>
  static void load(Ar& ar, Adaptor& value) {
    auto& container = insider::container(value);
    ar >> container;
    if constexpr (requires { typename Adaptor::value_compare; })
      if (!std::is_heap(container.begin(), container.end(), insider::order(value)))
        throw_malformed("isolatte: a priority_queue is in disorder");
  }
};
template <class T, class C>
struct carrier<std::stack<T, C>> : adaptor_carrier<std::stack<T, C>> {};
template <class T, class C>
struct carrier<std::queue<T, C>> : adaptor_carrier<std::queue<T, C>> {};
template <class T, class C, class L>
struct carrier<std::priority_queue<T, C, L>> : adaptor_carrier<std::priority_queue<T, C, L>> {};

}  // namespace isolatte::detail

#endif
