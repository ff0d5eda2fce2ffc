// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_ARCHIVE_ITEM_HPP
#define ISOLATTE_DETAIL_ARCHIVE_ITEM_HPP

#include <isolatte/detail/archive/transportable.hpp>

#include <boost/serialization/serialization.hpp>
#include <boost/serialization/version.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace isolatte::detail {

/// Whether Boost.Serialization's templates take the objects apart.
template <class T>
inline constexpr bool left_to_boost =
    (std::is_class_v<T> || std::is_union_v<T>) && !plain<T> && !carried<T>;

/// Whether objects come to be with their contents in them. Others are made, then loaded.
template <class T>
inline constexpr bool made_whole = !std::is_default_constructible_v<T> && (carried<T> || plain<T>);

/// Whether the user has to tell how an object comes to be, by save_construct_data and
/// load_construct_data.
template <class T>
inline constexpr bool needs_construct_data =
    !std::is_default_constructible_v<T> && !carried<T> && !plain<T>;

/// Saves what load_item, construct_item or held will load.
template <class Ar, class T>
void save_item(Ar& ar, const T& value) {
  if constexpr (needs_construct_data<T>)
    boost::serialization::save_construct_data_adl(ar, std::addressof(value),
                                                  boost::serialization::version<T>::value);
  ar << value;
}

/// Makes an object, with its contents if it is made_whole.
template <class Ar, class T>
void construct_item(Ar& ar, T* place) {
  void* const memory = const_cast<std::remove_const_t<T>*>(place);
  if constexpr (std::is_default_constructible_v<T>) {
    ::new (memory) T();
  } else if constexpr (carried<T>) {
    ::new (memory) T(carrier<T>::make(ar));
  } else if constexpr (plain<T>) {
    std::array<std::byte, sizeof(T)> bytes;
    ar.load_binary(bytes.data(), bytes.size());
    ::new (memory) T(std::bit_cast<T>(bytes));
  } else {
    boost::serialization::load_construct_data_adl(ar, place,
                                                  boost::serialization::version<T>::value);
  }
}

/// An item on its way from an archive to its place.
template <class T>
class held {
 public:
  template <class Ar>
  explicit held(Ar& ar) : mark_{ar.mark()} {
    construct_item(ar, std::addressof(slot_.value));
    slot_.alive = true;
    if constexpr (!made_whole<T>) ar >> slot_.value;
  }
  held(const held&) = delete;
  held& operator=(const held&) = delete;

  T& value() noexcept { return slot_.value; }
  /// To be called after the value has been moved from.
  template <class Ar>
  void moved_to(Ar& ar, const T* place) {
    ar.moved(mark_, std::addressof(slot_.value), place);
  }
  /// To be called if the value is not going to be used, or not to be found any more.
  template <class Ar>
  void ended(Ar& ar) {
    ar.ended(mark_, std::addressof(slot_.value));
  }

 private:
  struct slot {
    slot() noexcept {}
    ~slot() {
      if (alive) value.~T();
    }
    union {
      T value;
    };
    bool alive = false;
  };

  std::size_t mark_;
  slot slot_;
};

/// Loads an item into an object that there is already.
template <class Ar, class T>
void load_item(Ar& ar, T& value) {
  if constexpr (std::is_default_constructible_v<T>) {
    ar >> value;
  } else {
    held<T> item(ar);
    value = std::move(item.value());
    item.moved_to(ar, std::addressof(value));
  }
}

}  // namespace isolatte::detail

#endif
