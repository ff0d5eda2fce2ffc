// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_ARCHIVE_CARRY_ADAPTOR_HPP
#define ISOLATTE_DETAIL_ARCHIVE_CARRY_ADAPTOR_HPP

#include <isolatte/detail/archive/carry/function.hpp>
#include <isolatte/detail/archive/standard_type.hpp>
#include <isolatte/detail/archive/transportable.hpp>
#include <isolatte/detail/vocabulary/malformed_frame.hpp>

namespace isolatte::inline v0_1::detail {

/// Does what std::is_heap does, whose header is large.
template <class Items, class Order>
bool is_heap(const Items& items, const Order& order) {
  auto const first = items.begin();
  for (auto i = items.end() - first; --i > 0;)
    if (order(first[(i - 1) / 2], first[i])) return false;
  return true;
}

template <class Adaptor>
inline constexpr bool has_complete_order = true;
template <class Adaptor>
  requires requires { typename Adaptor::value_compare; }
inline constexpr bool has_complete_order<Adaptor> =
    carriable_function<typename Adaptor::value_compare>;

template <container_adaptor Adaptor>
struct carrier<Adaptor> {
  /// Reaches the protected members of the adaptor.
  struct insider : Adaptor {
    static auto& container(Adaptor& adaptor) { return adaptor.*(&insider::c); }
    static auto const& container(const Adaptor& adaptor) { return adaptor.*(&insider::c); }
    static auto& order(Adaptor& adaptor) { return adaptor.*(&insider::comp); }
    static auto const& order(const Adaptor& adaptor) { return adaptor.*(&insider::comp); }
  };
  static constexpr bool is_ordered = requires { typename Adaptor::value_compare; };
  static constexpr bool given = true;
  static constexpr bool functions_complete = has_complete_order<Adaptor>;
  static constexpr bool complete =
      transportable<typename Adaptor::container_type> && functions_complete;

  template <class Ar>
  static void save(Ar& ar, const Adaptor& value) {
    if constexpr (is_ordered) save_function(ar, insider::order(value));
    ar << insider::container(value);
  }
  template <class Ar>
  static void load(Ar& ar, Adaptor& value) {
    if constexpr (is_ordered) load_function(ar, insider::order(value));
    auto& container = insider::container(value);
    ar >> container;
    if constexpr (is_ordered)
      if (!is_heap(container, insider::order(value)))
        throw_malformed("isolatte: a priority_queue is in disorder");
  }
};

}  // namespace isolatte::inline v0_1::detail

#endif
