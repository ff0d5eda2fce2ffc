// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_ARCHIVE_ITEM_HPP
#define ISOLATTE_DETAIL_ARCHIVE_ITEM_HPP

#include <isolatte/config.hpp>
#include <isolatte/detail/archive/boost_internals.hpp>
#include <isolatte/detail/archive/transportable.hpp>

#include <boost/serialization/serialization.hpp>

#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace isolatte::inline v0_1::detail {

/// Whether a type is left to its serialize(), which Boost.Serialization finds.
template <class T>
inline constexpr bool left_to_boost =
    (std::is_class_v<T> || std::is_union_v<T>) && !plain<T> && !carried<T>;

/// Whether an object is made together with its contents. Other objects are made, then loaded.
template <class T>
inline constexpr bool made_whole = !std::is_default_constructible_v<T> && (carried<T> || plain<T>);

/// Whether the user has to make an object by save_construct_data() and load_construct_data().
template <class T>
inline constexpr bool needs_construct_data =
    !std::is_default_constructible_v<T> && !carried<T> && !plain<T>;

/// Saves an item for load_item(), or for construct_item() and held.
template <class Ar, class T>
void save_item(Ar& ar, const T& value) {
  if constexpr (needs_construct_data<T>)
    bs::save_construct_data_adl(ar, std::addressof(value), version_of<T>());
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
    // Copying bytes begins the life of a trivially copyable object.
    ar.load_binary(memory, sizeof(T));
  } else {
    bs::load_construct_data_adl(ar, place, version_of<T>());
  }
}

/// A range of memory from which objects are going to move. The archive refuses pointers to them:
/// they would dangle.
class held_range {
 public:
  bool covers(const std::byte* address) const noexcept {
    return begin_ <= address && address < end_;
  }
  const held_range* outer() const noexcept { return outer_; }

  template <class Ar>
  held_range(Ar& ar, const void* begin, std::size_t size) noexcept
      : innermost_{ar.held_ranges()},
        outer_{std::exchange(innermost_, this)},
        begin_{static_cast<const std::byte*>(begin)},
        end_{begin_ + size} {}
  held_range(const held_range&) = delete;
  held_range& operator=(const held_range&) = delete;
  ~held_range() { innermost_ = outer_; }

 private:
  const held_range*& innermost_;
  const held_range* outer_;
  const std::byte* begin_;
  const std::byte* end_;
};

/// Memory for one object: in place, or on the heap if it is so large that it could overflow the
/// stack.
template <class T>
class item_memory {
  struct place {
    alignas(T) std::byte bytes[sizeof(T)];
  };

 public:
  static constexpr bool is_large = sizeof(T) > 1024;

  item_memory() {
    // make_unique would set every byte to zero.
    if constexpr (is_large) place_.reset(new place);
  }
  T* get() noexcept {
    if constexpr (is_large)
      return reinterpret_cast<T*>(place_->bytes);
    else
      return reinterpret_cast<T*>(place_.bytes);
  }

 private:
  std::conditional_t<is_large, std::unique_ptr<place>, place> place_;
};

/// An item on its way from an archive to its place.
template <class T>
class held : item_memory<T>, held_range {
 public:
  template <class Ar>
  explicit held(Ar& ar) : held_range{ar, this->get(), sizeof(T)}, mark_{ar.mark()} {
    construct_item(ar, this->get());
    made_.object = this->get();
    if constexpr (!made_whole<T>) ar >> value();
  }

  T& value() noexcept { return *std::launder(this->get()); }
  /// Call this after moving from the value: pointers to its parts follow it.
  template <class Ar>
  void moved_to(Ar& ar, const T* place) {
    ar.moved(mark_, this->get(), place);
  }
  /// Call this if the value is discarded, or moves to an unknown place: no pointer can point to it.
  template <class Ar>
  void ended(Ar& ar) {
    ar.ended(mark_, this->get());
  }

 private:
  struct made_object {
    T* object = nullptr;
    ~made_object() {
      if (object) std::destroy_at(object);
    }
  };

  std::size_t mark_;
  made_object made_;
};

/// Loads an item into an object that exists.
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

}  // namespace isolatte::inline v0_1::detail

#endif
