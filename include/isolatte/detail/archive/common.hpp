// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_ARCHIVE_COMMON_HPP
#define ISOLATTE_DETAIL_ARCHIVE_COMMON_HPP

#include <isolatte/config.hpp>
#include <isolatte/detail/archive/transportable.hpp>

#include <boost/archive/basic_archive.hpp>
#include <boost/serialization/collection_size_type.hpp>
#include <boost/serialization/item_version_type.hpp>
#include <boost/serialization/nvp.hpp>
#include <boost/serialization/serialization.hpp>
#include <boost/serialization/version.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

namespace isolatte::detail {

/// What stands before an object behind a pointer. From `derived` on: the index of its class.
struct pointer_tag {
  static constexpr std::uint64_t null = 0;
  static constexpr std::uint64_t alias = 1;
  static constexpr std::uint64_t made = 2;
  static constexpr std::uint64_t derived = 3;
};

// A small frame must not make its reader allocate much memory. Both sides add up what the counts
// and pointers of a value cost; a reader stops at memory_slack and memory_factor times the frame.
// The writer pads the frame of a value that needs more: of a vector of a million empty structs,
// say.
inline constexpr std::size_t memory_slack = 64 * 1024;
inline constexpr std::size_t memory_factor = 16;

/// What a node of a container takes besides its value.
inline constexpr std::size_t node_cost = 32;
/// What the archives keep of an object that can be pointed to.
inline constexpr std::size_t record_cost = 64;
/// The cost of an item of a collection of which no more is known.
inline constexpr std::size_t unknown_item_cost = 16;

template <class T>
inline constexpr std::size_t heap_cost = sizeof(T) + node_cost + record_cost;

template <class T>
consteval std::size_t item_cost_of() {
  if constexpr (requires { sizeof(typename T::value_type); })
    return sizeof(typename T::value_type) + node_cost;
  else
    return unknown_item_cost;
}

/// Its address stands for the type.
template <class T>
inline char type_token{};

template <class T>
inline constexpr bool is_boost_count =
    std::is_same_v<T, boost::serialization::collection_size_type>;
template <class T>
inline constexpr bool is_boost_item_version =
    std::is_same_v<T, boost::serialization::item_version_type>;
/// What Boost's own archives write between the values.
template <class T>
inline constexpr bool is_boost_bookkeeping = std::is_base_of_v<boost::archive::version_type, T> ||
                                             std::is_base_of_v<boost::archive::class_id_type, T> ||
                                             std::is_base_of_v<boost::archive::object_id_type, T> ||
                                             std::is_base_of_v<boost::archive::tracking_type, T> ||
                                             std::is_base_of_v<boost::archive::class_name_type, T>;

template <class T>
inline constexpr bool is_nvp = false;
template <class T>
inline constexpr bool is_nvp<boost::serialization::nvp<T>> = true;

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

/// Keeps the recursion through nested values from overflowing the stack.
class stack_guard {
 public:
  stack_guard() noexcept : base_{here()} {}
  void check() {
    if (distance(here()) > allowed_) allow_more(here());
  }
  /// Whether an address is in the frames between the guard's beginning and the caller.
  bool covers(const void* address) const noexcept {
    auto const place = reinterpret_cast<std::uintptr_t>(address);
    return place <= base_ ? here() <= place : place <= here();
  }

 private:
  static std::uintptr_t here() noexcept {
    return reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
  }
  /// A frame above the guard's beginning is no deeper: a large one may have the checks inlined.
  std::uintptr_t distance(std::uintptr_t place) const noexcept {
    return place < base_ ? base_ - place : 0;
  }
  /// Asks the system for the bounds of the stack. Throws if there is no more.
  ISOLATTE_DECL void allow_more(std::uintptr_t place);

  std::uintptr_t base_;
  /// So much there is anywhere, in coroutines too.
  std::uintptr_t allowed_ = 32 * 1024;
};

/// Numbers for pointers; small, and allocates nothing until it is used.
class pointer_map {
 public:
  ISOLATTE_DECL const std::uint32_t* find(const void* key) const noexcept;
  ISOLATTE_DECL void add(const void* key, std::uint32_t value);

 private:
  std::vector<std::pair<const void*, std::uint32_t>> sorted_;
};

/// The helper objects of an archive. Boost's own store would mistake one type for another of the
/// same id, as std::shared_ptr's helper and boost::shared_ptr's are.
class helper_store {
 public:
  template <class Helper>
  Helper& get(const void* id) {
    for (auto const& known : entries_)
      if (known.id == id && known.type == &type_token<Helper>)
        return *static_cast<Helper*>(known.object.get());
    entries_.push_back({id, &type_token<Helper>, std::make_shared<Helper>()});
    return *static_cast<Helper*>(entries_.back().object.get());
  }

 private:
  struct entry {
    const void* id;
    const void* type;
    std::shared_ptr<void> object;
  };
  std::vector<entry> entries_;
};

}  // namespace isolatte::detail

#endif
