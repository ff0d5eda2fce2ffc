// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_ARCHIVE_CARRY_PRODUCT_HPP
#define ISOLATTE_DETAIL_ARCHIVE_CARRY_PRODUCT_HPP

#include <isolatte/detail/archive/item.hpp>
#include <isolatte/detail/archive/transportable.hpp>

#include <array>
#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

namespace isolatte::inline v0_1::detail {

/// Loads all parts, then makes the product from them.
template <class Whole, class... Parts, class Ar, class... Done>
Whole make_of_parts(Ar& ar, Done&... done) {
  if constexpr (sizeof...(Done) == sizeof...(Parts)) {
    (done.ended(ar), ...);
    return Whole{std::move(done.value())...};
  } else {
    held<std::remove_const_t<std::tuple_element_t<sizeof...(Done), std::tuple<Parts...>>>> next(ar);
    return make_of_parts<Whole, Parts...>(ar, done..., next);
  }
}

template <class T>
auto& without_const(const T& value) {
  return const_cast<T&>(value);
}

template <class T, std::size_t N>
struct carrier<std::array<T, N>> {
  static constexpr bool given = true;
  static constexpr bool complete = transportable<T>;

  template <class Ar>
  static void save(Ar& ar, const std::array<T, N>& value) {
    save_items(ar, value);
  }
  template <class Ar>
  static void load(Ar& ar, std::array<T, N>& value) {
    for (T& item : value) load_item(ar, item);
  }
  template <class Ar>
  static std::array<T, N> make(Ar& ar) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      return make_of_parts<std::array<T, N>, std::enable_if_t<I + 1 != 0, T>...>(ar);
    }(std::make_index_sequence<N>());
  }
};

template <class T, class U>
struct carrier<std::pair<T, U>> {
  static constexpr bool given = true;
  static constexpr bool complete = transportable<T> && transportable<U>;

  template <class Ar>
  static void save(Ar& ar, const std::pair<T, U>& value) {
    save_item(ar, value.first);
    save_item(ar, value.second);
  }
  template <class Ar>
  static void load(Ar& ar, std::pair<T, U>& value) {
    load_item(ar, without_const(value.first));
    load_item(ar, without_const(value.second));
  }
  template <class Ar>
  static std::pair<T, U> make(Ar& ar) {
    return make_of_parts<std::pair<T, U>, T, U>(ar);
  }
};

template <class... T>
struct carrier<std::tuple<T...>> {
  static constexpr bool given = true;
  static constexpr bool complete = (transportable<T> && ...);

  template <class Ar>
  static void save(Ar& ar, const std::tuple<T...>& value) {
    std::apply([&](const T&... item) { (save_item(ar, item), ...); }, value);
  }
  template <class Ar>
  static void load(Ar& ar, std::tuple<T...>& value) {
    std::apply([&](T&... item) { (load_item(ar, without_const(item)), ...); }, value);
  }
  template <class Ar>
  static std::tuple<T...> make(Ar& ar) {
    return make_of_parts<std::tuple<T...>, T...>(ar);
  }
};

}  // namespace isolatte::inline v0_1::detail

#endif
