// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_ARCHIVE_OBJECT_CLASS_HPP
#define ISOLATTE_DETAIL_ARCHIVE_OBJECT_CLASS_HPP

#include <isolatte/config.hpp>
#include <isolatte/detail/archive/boost_internals.hpp>
#include <isolatte/detail/archive/item.hpp>
#include <isolatte/detail/archive/memory_cost.hpp>
#include <isolatte/detail/archive/pointer_conversion.hpp>

#include <boost/serialization/serialization.hpp>

#include <atomic>
#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>
#include <typeinfo>

namespace isolatte::inline v0_1::detail {

class input_archive;
class output_archive;

/// A class that has a serialize(), as the archives' compiled code knows it.
struct object_class {
  const std::type_info* type;
  int tracking;
  /// Whether the program saves the class by pointers anywhere, which decides selective tracking.
  const std::atomic<bool>* by_pointer;
  void (*save)(output_archive& ar, const void* object);
  void (*load)(input_archive& ar, void* object);
  /// Throws a pointer to the class. Null if the class is not polymorphic.
  void (*throw_pointer)(void* object);
  /// How Boost.Serialization names the class. Null if the class is not polymorphic.
  const bs::extended_type_info& (*boost_type)();

  bool is_tracked() const noexcept {
    return tracking == bs::track_always || (tracking == bs::track_selectively && *by_pointer);
  }
};

/// A type that pointers own, as the archives' compiled code knows it: how to make, fill, share and
/// destroy an object.
struct heap_class {
  const std::type_info* type;
  /// Null if the type has no serialize(), as int.
  const object_class* parts;
  std::size_t size;
  std::size_t cost;
  void (*save)(output_archive& ar, const void* object);
  void* (*allocate)();
  /// Frees memory in which no object has been made.
  void (*deallocate)(void* memory) noexcept;
  void (*load)(input_archive& ar, void* memory);
  void (*destroy)(void* object);
  std::shared_ptr<void> (*share)(void* object);

  bool is_polymorphic() const noexcept { return parts && parts->throw_pointer; }
};

/// The types that a pointer of one type may point to.
struct pointer_target {
  const std::type_info* type;
  /// Null if the type is abstract.
  const heap_class* exact;
  std::size_t cost;
  /// catch_pointer() of the type. Null if the type is not polymorphic.
  bool (*catch_pointer)(void (*thrower)(void* object), void*& object);
  /// How Boost.Serialization names the type. Null if the type is not polymorphic.
  const bs::extended_type_info& (*boost_type)();
};

template <class T>
inline constinit std::atomic<bool> is_used_by_pointer{false};

/// A function that names this tells that the program saves T by pointers. The initialisation before
/// main() tells it, so frames do not depend on what was saved before.
template <class T>
inline const bool by_pointer_from_the_start = (is_used_by_pointer<T> = true);

template <class T>
void save_parts(output_archive& ar, const void* object) {
  bs::serialize_adl(ar, const_cast<T&>(*static_cast<const T*>(object)), version_of<T>());
}

template <class T>
void load_parts(input_archive& ar, void* object) {
  bs::serialize_adl(ar, *static_cast<T*>(object), version_of<T>());
}

template <class T>
constexpr object_class make_object_class() {
  object_class made{&typeid(T),     tracking_of<T>(), &is_used_by_pointer<T>,
                    &save_parts<T>, &load_parts<T>,   nullptr,
                    nullptr};
  if constexpr (std::is_polymorphic_v<T>) {
    made.throw_pointer = &throw_pointer<T>;
    made.boost_type = &boost_type<T>;
  }
  return made;
}

template <class T>
inline constexpr object_class object_class_of = make_object_class<T>();

template <class T>
void* allocate_object() {
  if constexpr (requires { T::operator new(sizeof(T)); })
    return T::operator new(sizeof(T));
  else if constexpr (alignof(T) > __STDCPP_DEFAULT_NEW_ALIGNMENT__)
    return ::operator new(sizeof(T), std::align_val_t{alignof(T)});
  else
    return ::operator new(sizeof(T));
}

template <class T>
void deallocate_object(void* memory) noexcept {
  if constexpr (requires { T::operator delete(memory); })
    T::operator delete(memory);
  else if constexpr (requires { T::operator delete(memory, sizeof(T)); })
    T::operator delete(memory, sizeof(T));
  else if constexpr (alignof(T) > __STDCPP_DEFAULT_NEW_ALIGNMENT__)
    ::operator delete(memory, std::align_val_t{alignof(T)});
  else
    ::operator delete(memory);
}

template <class T>
void save_new_object(output_archive& ar, const void* memory) {
  T const& object = *static_cast<const T*>(memory);
  if constexpr (left_to_boost<T>) {
    bs::save_construct_data_adl(ar, std::addressof(object), version_of<T>());
    save_parts<T>(ar, memory);
  } else {
    save_item(ar, object);
  }
}

template <class T>
void load_new_object(input_archive& ar, void* memory);

template <class T>
void destroy_object(void* object) {
  bs::access::destroy(static_cast<T*>(object));
}

template <class T>
std::shared_ptr<void> share_object(void* object) {
  return std::shared_ptr<T>(static_cast<T*>(object), [](T* last) { destroy_object<T>(last); });
}

template <class T>
constexpr const object_class* parts_of() {
  if constexpr (left_to_boost<T>)
    return &object_class_of<T>;
  else
    return nullptr;
}

template <class T>
inline constexpr heap_class heap_class_of{&typeid(T),
                                          parts_of<T>(),
                                          sizeof(T),
                                          heap_cost<T>,
                                          &save_new_object<T>,
                                          &allocate_object<T>,
                                          &deallocate_object<T>,
                                          &load_new_object<T>,
                                          &destroy_object<T>,
                                          &share_object<T>};

template <class T>
constexpr pointer_target make_pointer_target() {
  pointer_target target{&typeid(T), nullptr, heap_cost<T>, nullptr, nullptr};
  if constexpr (!std::is_abstract_v<T>) target.exact = &heap_class_of<T>;
  if constexpr (std::is_polymorphic_v<T>) {
    target.catch_pointer = &catch_pointer<T>;
    target.boost_type = &boost_type<T>;
  }
  return target;
}

template <class T>
inline constexpr pointer_target pointer_target_to = make_pointer_target<T>();

}  // namespace isolatte::inline v0_1::detail

#endif
