// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_ARCHIVE_CARRY_SEQUENCE_HPP
#define ISOLATTE_DETAIL_ARCHIVE_CARRY_SEQUENCE_HPP

#include <isolatte/detail/archive/item.hpp>
#include <isolatte/detail/archive/memory_cost.hpp>
#include <isolatte/detail/archive/standard_type.hpp>
#include <isolatte/detail/archive/transportable.hpp>
#include <isolatte/detail/vocabulary/malformed_frame.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace isolatte::inline v0_1::detail {

template <class C, class Traits, class A>
struct carrier<std::basic_string<C, Traits, A>> {
  using string = std::basic_string<C, Traits, A>;
  static constexpr bool given = true;
  static constexpr bool complete = plain<C>;

  template <class Ar>
  static void save(Ar& ar, const string& value) {
    ar.save_count(value.size(), sizeof(C));
    ar.save_binary(value.data(), value.size() * sizeof(C));
  }
  template <class Ar>
  static void load(Ar& ar, string& value) {
    std::size_t const size = ar.load_count(sizeof(C));
    if (size > ar.remaining() / sizeof(C)) throw_malformed("isolatte: a string exceeds its frame");
    value.resize(size);
    ar.load_binary(value.data(), size * sizeof(C));
  }
};

template <class Ar, class Sequence>
void save_items(Ar& ar, const Sequence& items) {
  for (auto const& item : items) save_item(ar, item);
}

template <class Ar, class Sequence>
void append_items(Ar& ar, Sequence& items, std::size_t count) {
  using item_type = typename Sequence::value_type;
  for (; count != 0; --count) {
    if constexpr (std::is_default_constructible_v<item_type>) {
      ar >> items.emplace_back();
    } else {
      held<item_type> item(ar);
      items.push_back(std::move(item.value()));
      item.moved_to(ar, std::addressof(items.back()));
    }
  }
}

template <class T, class A>
struct carrier<std::vector<T, A>> {
  static constexpr bool given = true;
  static constexpr bool complete = transportable<T> && std::is_move_constructible_v<T>;

  template <class Ar>
  static void save(Ar& ar, const std::vector<T, A>& value) {
    ar.save_count(value.size(), sizeof(T));
    if constexpr (plain<T>)
      ar.save_elements(value.data(), value.size());
    else
      save_items(ar, value);
  }
  template <class Ar>
  static void load(Ar& ar, std::vector<T, A>& value) {
    std::size_t const size = ar.load_count(sizeof(T));
    value.clear();
    if constexpr (plain<T> && std::is_default_constructible_v<T>) {
      load_plain(ar, value, size);
    } else {
      value.reserve(size);
      append_items(ar, value, size);
    }
  }

  template <class Ar>
  static void load_plain(Ar& ar, std::vector<T, A>& value, std::size_t size) {
    if (size > ar.remaining() / sizeof(T)) throw_malformed("isolatte: a vector exceeds its frame");
    const std::byte* const bytes = ar.take(size * sizeof(T));
    if constexpr (std::is_trivially_copyable_v<T>) {
      if (reinterpret_cast<std::uintptr_t>(bytes) % alignof(T) == 0) {
        // resize() would set all elements to zero first.
        auto const* const items = reinterpret_cast<const T*>(bytes);
        return value.assign(items, items + size);
      }
    }
    value.resize(size);
    if (size != 0) std::memcpy(static_cast<void*>(value.data()), bytes, size * sizeof(T));
  }
};

/// Saves bits, eight in a byte.
template <class Ar, class Bits>
void save_bits(Ar& ar, const Bits& bits) {
  for (std::size_t i = 0; i < bits.size(); i += 8) {
    unsigned byte = 0;
    for (std::size_t j = 0; j < 8 && i + j < bits.size(); ++j)
      byte |= static_cast<unsigned>(bits[i + j]) << j;
    ar.save_byte(static_cast<unsigned char>(byte));
  }
}

template <class Ar, class Bits>
void load_bits(Ar& ar, Bits& bits) {
  for (std::size_t i = 0; i < bits.size(); i += 8) {
    unsigned byte = ar.load_byte();
    for (std::size_t j = 0; j < 8 && i + j < bits.size(); ++j, byte >>= 1)
      bits[i + j] = (byte & 1) != 0;
    if (bits.size() - i < 8 && byte != 0)
      throw_malformed("isolatte: there are bits beyond the last");
  }
}

template <class A>
struct carrier<std::vector<bool, A>> {
  static constexpr bool given = true;
  static constexpr bool complete = true;

  template <class Ar>
  static void save(Ar& ar, const std::vector<bool, A>& value) {
    ar.save_count(value.size(), 1);
    save_bits(ar, value);
  }
  template <class Ar>
  static void load(Ar& ar, std::vector<bool, A>& value) {
    std::size_t const size = ar.load_count(1);
    if (size / 8 + (size % 8 != 0) > ar.remaining())
      throw_malformed("isolatte: a vector exceeds its frame");
    value.assign(size, false);
    load_bits(ar, value);
  }
};

template <set_of_bits Bits>
struct carrier<Bits> {
  static constexpr bool given = true;
  static constexpr bool complete = true;

  template <class Ar>
  static void save(Ar& ar, const Bits& value) {
    save_bits(ar, value);
  }
  template <class Ar>
  static void load(Ar& ar, Bits& value) {
    load_bits(ar, value);
  }
};

template <double_ended_container Sequence>
struct carrier<Sequence> {
  using item_type = typename Sequence::value_type;
  static constexpr bool given = true;
  static constexpr bool complete = transportable<item_type>;

  template <class Ar>
  static void save(Ar& ar, const Sequence& value) {
    ar.save_count(value.size(), sizeof(item_type) + node_cost);
    save_items(ar, value);
  }
  template <class Ar>
  static void load(Ar& ar, Sequence& value) {
    std::size_t const size = ar.load_count(sizeof(item_type) + node_cost);
    value.clear();
    append_items(ar, value, size);
  }
};

template <single_ended_list List>
struct carrier<List> {
  using T = typename List::value_type;
  static constexpr bool given = true;
  static constexpr bool complete = transportable<T>;

  template <class Ar>
  static void save(Ar& ar, const List& value) {
    auto const size = std::distance(value.begin(), value.end());
    ar.save_count(static_cast<std::size_t>(size), sizeof(T) + node_cost);
    save_items(ar, value);
  }
  template <class Ar>
  static void load(Ar& ar, List& value) {
    std::size_t count = ar.load_count(sizeof(T) + node_cost);
    value.clear();
    auto last = value.before_begin();
    for (; count != 0; --count) {
      if constexpr (std::is_default_constructible_v<T>) {
        last = value.emplace_after(last);
        ar >> *last;
      } else {
        held<T> item(ar);
        last = value.insert_after(last, std::move(item.value()));
        item.moved_to(ar, std::addressof(*last));
      }
    }
  }
};

template <numeric_array Array>
struct carrier<Array> {
  using T = typename Array::value_type;
  static constexpr bool given = true;
  static constexpr bool complete = transportable<T>;

  template <class Ar>
  static void save(Ar& ar, const Array& value) {
    ar.save_count(value.size(), sizeof(T));
    if (value.size() != 0) ar.save_elements(&value[0], value.size());
  }
  template <class Ar>
  static void load(Ar& ar, Array& value) {
    std::size_t const size = ar.load_count(sizeof(T));
    if (plain<T> && size > ar.remaining() / sizeof(T))
      throw_malformed("isolatte: a valarray exceeds its frame");
    value.resize(size);
    if (size != 0) ar.load_elements(&value[0], size);
  }
};

}  // namespace isolatte::inline v0_1::detail

#endif
