// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_ARCHIVE_CARRY_SUM_HPP
#define ISOLATTE_DETAIL_ARCHIVE_CARRY_SUM_HPP

#include <isolatte/detail/archive/boost_internals.hpp>
#include <isolatte/detail/archive/carry/product.hpp>
#include <isolatte/detail/archive/item.hpp>
#include <isolatte/detail/archive/transportable.hpp>
#include <isolatte/detail/vocabulary/malformed_frame.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <version>

#ifdef __cpp_lib_expected
#include <expected>
#endif

namespace boost {
template <class T>
class optional;
template <class T, class... Others>
class variant;
}  // namespace boost

namespace boost::variant2 {
template <class... T>
class variant;
template <std::size_t I>
struct in_place_index_t;
}  // namespace boost::variant2

namespace isolatte::inline v0_1::detail {

template <class Optional>
struct optional_carrier {
  using item_type = typename Optional::value_type;
  static constexpr bool given = true;
  static constexpr bool complete = transportable<item_type>;

  template <class Ar>
  static void save(Ar& ar, const Optional& value) {
    ar << value.has_value();
    if (value) save_item(ar, *value);
  }
  template <class Ar>
  static void load(Ar& ar, Optional& value) {
    value.reset();
    if (!ar.load_flag()) return;
    if constexpr (std::is_default_constructible_v<item_type>) {
      value.emplace();
      ar >> without_const(*value);
    } else {
      held<std::remove_const_t<item_type>> item(ar);
      value.emplace(std::move(item.value()));
      item.moved_to(ar, std::addressof(*value));
    }
  }
};
template <class T>
struct carrier<std::optional<T>> : optional_carrier<std::optional<T>> {};
template <class T>
  requires std::is_object_v<T>
struct carrier<boost::optional<T>> : optional_carrier<boost::optional<T>> {};

/// Carries a variant with the interface of std::variant.
template <class Variant, template <std::size_t> class InPlaceIndex, class... T>
struct variant_carrier {
  static constexpr bool given = true;
  static constexpr bool complete = (transportable<T> && ...);

  template <class Ar>
  static void save(Ar& ar, const Variant& value) {
    if (value.valueless_by_exception()) throw std::bad_variant_access();
    ar.save_size(value.index());
    visit([&](auto const& item) { save_item(ar, item); }, value);
  }
  template <class Ar>
  static void load(Ar& ar, Variant& value) {
    load_alternative<0>(ar, value, ar.load_size());
  }
  template <class Ar>
  static Variant make(Ar& ar) {
    return make_alternative<0>(ar, ar.load_size());
  }

 private:
  template <std::size_t I>
  using alternative = std::remove_const_t<std::tuple_element_t<I, std::tuple<T...>>>;

  template <std::size_t I, class Ar>
  static void load_alternative(Ar& ar, Variant& value, std::uint64_t index) {
    if constexpr (I == sizeof...(T)) {
      throw_malformed("isolatte: a variant in the frame has no such alternative");
    } else if (index != I) {
      load_alternative<I + 1>(ar, value, index);
    } else if constexpr (std::is_default_constructible_v<alternative<I>>) {
      ar >> without_const(value.template emplace<I>());
    } else {
      held<alternative<I>> item(ar);
      auto& place = value.template emplace<I>(std::move(item.value()));
      item.moved_to(ar, std::addressof(place));
    }
  }
  template <std::size_t I, class Ar>
  static Variant make_alternative(Ar& ar, std::uint64_t index) {
    if constexpr (I == sizeof...(T)) {
      throw_malformed("isolatte: a variant in the frame has no such alternative");
    } else {
      if (index != I) return make_alternative<I + 1>(ar, index);
      held<alternative<I>> item(ar);
      item.ended(ar);
      return Variant(InPlaceIndex<I>(), std::move(item.value()));
    }
  }
};
template <class... T>
struct carrier<std::variant<T...>>
    : variant_carrier<std::variant<T...>, std::in_place_index_t, T...> {};
template <class... T>
struct carrier<boost::variant2::variant<T...>>
    : variant_carrier<boost::variant2::variant<T...>, boost::variant2::in_place_index_t, T...> {};

/// Replaces Boost's own loader, which takes any number below zero for an index.
template <class T, class... Others>
struct carrier<boost::variant<T, Others...>> {
  using variant = boost::variant<T, Others...>;
  static constexpr bool given = true;
  // A recursive variant is one of its own alternatives, so asking these would not end.
  static constexpr bool complete = true;

  template <class Ar>
  static void save(Ar& ar, const variant& value) {
    ar.save_size(static_cast<std::uint64_t>(value.which()));
    saver<Ar> const visitor{ar};
    value.apply_visitor(visitor);
  }
  template <class Ar>
  static void load(Ar& ar, variant& value) {
    load_alternative<first_place<typename variant::types>, end_place<typename variant::types>>(
        ar, value, ar.load_size());
  }

 private:
  template <class Ar>
  struct saver {
    using result_type = void;
    Ar& ar;
    template <class Item>
    void operator()(const Item& item) const {
      save_item(ar, item);
    }
  };

  template <class Place, class End, class Ar>
  static void load_alternative(Ar& ar, variant& value, std::uint64_t index) {
    if constexpr (std::is_same_v<Place, End>) {
      throw_malformed("isolatte: a variant in the frame has no such alternative");
    } else if (index != 0) {
      load_alternative<place_after<Place>, End>(ar, value, index - 1);
    } else {
      using alternative = type_at<Place>;
      held<alternative> item(ar);
      value = std::move(item.value());
      item.moved_to(ar, get<alternative>(std::addressof(value)));
    }
  }
};

#ifdef __cpp_lib_expected
template <class T, class E>
struct carrier<std::expected<T, E>> {
  static constexpr bool given = true;
  static constexpr bool complete = (std::is_void_v<T> || transportable<T>) && transportable<E>;

  template <class Ar>
  static void save(Ar& ar, const std::expected<T, E>& value) {
    ar << value.has_value();
    if (!value)
      save_item(ar, value.error());
    else if constexpr (!std::is_void_v<T>)
      save_item(ar, *value);
  }
  template <class Ar>
  static void load(Ar& ar, std::expected<T, E>& value) {
    using whole = std::expected<T, E>;
    if constexpr (item_memory<whole>::is_large)
      value = std::move(*std::unique_ptr<whole>(new whole(make(ar))));
    else
      value = make(ar);
  }
  template <class Ar>
  static std::expected<T, E> make(Ar& ar) {
    if (!ar.load_flag()) {
      held<E> error(ar);
      error.ended(ar);
      return std::expected<T, E>(std::unexpect, std::move(error.value()));
    }
    if constexpr (std::is_void_v<T>) {
      return {};
    } else {
      held<T> item(ar);
      item.ended(ar);
      return std::expected<T, E>(std::in_place, std::move(item.value()));
    }
  }
};
#endif

}  // namespace isolatte::inline v0_1::detail

#endif
