// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_ARCHIVE_CARRY_KEYED_HPP
#define ISOLATTE_DETAIL_ARCHIVE_CARRY_KEYED_HPP

#include <isolatte/detail/archive/carry/function.hpp>
#include <isolatte/detail/archive/item.hpp>
#include <isolatte/detail/archive/memory_cost.hpp>
#include <isolatte/detail/archive/standard_type.hpp>
#include <isolatte/detail/archive/transportable.hpp>
#include <isolatte/detail/vocabulary/malformed_frame.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>

namespace isolatte::inline v0_1::detail {

template <class Container>
inline constexpr bool has_complete_items = transportable<typename Container::key_type>;
template <class Container>
  requires requires { typename Container::mapped_type; }
inline constexpr bool has_complete_items<Container> =
    transportable<typename Container::key_type> && transportable<typename Container::mapped_type>;

template <class Container>
inline constexpr bool has_complete_functions = carriable_function<typename Container::key_compare>;
template <class Container>
  requires requires { typename Container::hasher; }
inline constexpr bool has_complete_functions<Container> =
    carriable_function<typename Container::hasher> &&
    carriable_function<typename Container::key_equal>;

template <keyed_container Container>
struct carrier<Container> {
  using key_type = typename Container::key_type;
  static constexpr bool is_map = requires { typename Container::mapped_type; };
  static constexpr bool is_hashed = requires { typename Container::hasher; };
  static constexpr std::size_t cost = sizeof(typename Container::value_type) + node_cost;

  static constexpr bool given = true;
  static constexpr bool functions_complete = has_complete_functions<Container>;
  static constexpr bool complete = has_complete_items<Container> && functions_complete;

  template <class Ar>
  static void save(Ar& ar, const Container& value) {
    if constexpr (is_hashed) {
      save_function(ar, value.hash_function());
      save_function(ar, value.key_eq());
    } else {
      save_function(ar, value.key_comp());
    }
    ar.save_count(value.size(), cost);
    for (auto const& item : value) {
      if constexpr (is_map) {
        save_item(ar, item.first);
        save_item(ar, item.second);
      } else {
        save_item(ar, item);
      }
    }
  }

  template <class Ar>
  static void load(Ar& ar, Container& value) {
    load_functions(ar, value);
    std::size_t const size = ar.load_count(cost);
    value.clear();
    if constexpr (is_hashed) value.reserve(size);
    auto last = value.end();
    for (std::size_t count = size; count != 0; --count) {
      held<key_type> key(ar);
      std::size_t const before = value.size();
      // Equal keys follow each other, so the last one is a hint that spares a search.
      bool const is_near = is_hashed && last != value.end() && same_key(value, *last, key.value());
      auto const hint = !is_hashed || is_near ? (is_hashed ? last : value.end()) : value.end();
      if constexpr (!is_map) {
        last = value.emplace_hint(hint, std::move(key.value()));
        if (value.size() != before)
          key.moved_to(ar, std::addressof(*last));
        else
          key.ended(ar);
      } else if constexpr (std::is_default_constructible_v<typename Container::mapped_type>) {
        last = value.emplace_hint(hint, std::piecewise_construct,
                                  std::forward_as_tuple(std::move(key.value())), std::tuple<>());
        if (value.size() != before) {
          key.moved_to(ar, std::addressof(last->first));
          ar >> last->second;
        } else {
          key.ended(ar);
          held<typename Container::mapped_type>(ar).ended(ar);
        }
      } else {
        held<typename Container::mapped_type> item(ar);
        last = value.emplace_hint(hint, std::move(key.value()), std::move(item.value()));
        if (value.size() != before) {
          key.moved_to(ar, std::addressof(last->first));
          item.moved_to(ar, std::addressof(last->second));
        } else {
          key.ended(ar);
          item.ended(ar);
        }
      }
      // Keys that share a hash make insertion quadratic. Few of them do no harm.
      if constexpr (is_hashed)
        if (size >= 4096 && !is_near) ar.spend(value.bucket_size(value.bucket(key_of(*last))));
    }
  }

 private:
  template <class Ar>
  static void load_functions(Ar& ar, Container& value) {
    if constexpr (!is_hashed) {
      using order = typename Container::key_compare;
      if constexpr (!std::is_empty_v<order>) {
        order loaded{};
        ar >> loaded;
        value = Container(std::move(loaded));
      }
    } else {
      using hash = typename Container::hasher;
      using equality = typename Container::key_equal;
      if constexpr (!std::is_empty_v<hash> || !std::is_empty_v<equality>) {
        hash loaded_hash{};
        equality loaded_equality{};
        load_function(ar, loaded_hash);
        load_function(ar, loaded_equality);
        value = Container(0, std::move(loaded_hash), std::move(loaded_equality));
      }
    }
  }

  static const key_type& key_of(const typename Container::value_type& item) {
    if constexpr (is_map)
      return item.first;
    else
      return item;
  }
  static bool same_key(const Container& container, const typename Container::value_type& item,
                       const key_type& key) {
    if constexpr (is_hashed)
      return container.key_eq()(key_of(item), key);
    else
      return false;
  }
};

}  // namespace isolatte::inline v0_1::detail

#endif
