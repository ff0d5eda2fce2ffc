// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_ARCHIVE_CARRY_ADAPTOR_HPP
#define ISOLATTE_DETAIL_ARCHIVE_CARRY_ADAPTOR_HPP

#include <isolatte/detail/archive/standard_type.hpp>
#include <isolatte/detail/archive/transportable.hpp>
#include <isolatte/detail/vocabulary/malformed_frame.hpp>

namespace isolatte::inline v0_1::detail {

/// std::is_heap; <queue> comes with it only by way of a large header.
template <class Items, class Order>
bool is_heap(const Items& items, const Order& order) {
  auto const first = items.begin();
  for (auto i = items.end() - first; --i > 0;)
    if (order(first[(i - 1) / 2], first[i])) return false;
  return true;
}

template <container_adaptor Adaptor>
struct carrier<Adaptor> {
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
      if (!is_heap(container, insider::order(value)))
        throw_malformed("isolatte: a priority_queue is in disorder");
  }
};
}  // namespace isolatte::inline v0_1::detail

#endif
