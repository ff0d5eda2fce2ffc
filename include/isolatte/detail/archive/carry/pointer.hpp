// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_ARCHIVE_CARRY_POINTER_HPP
#define ISOLATTE_DETAIL_ARCHIVE_CARRY_POINTER_HPP

#include <isolatte/detail/archive/item.hpp>
#include <isolatte/detail/archive/transportable.hpp>

#include <memory>
#include <type_traits>

namespace boost {

template <class T>
class scoped_ptr;
template <class T>
class shared_ptr;
template <class T>
class weak_ptr;

}  // namespace boost

namespace isolatte::inline v0_1::detail {

template <class Pointer, class T>
struct owner_carrier {
  static constexpr bool given = true;
  static constexpr bool complete =
      !std::is_array_v<T> && !std::is_pointer_v<T> && (std::is_abstract_v<T> || transportable<T>);

  template <class Ar>
  static void save(Ar& ar, const Pointer& value) {
    ar.save_pointer(const_cast<std::remove_const_t<T>*>(value.get()));
  }
};

template <class Pointer, class T>
struct unique_carrier : owner_carrier<Pointer, T> {
  template <class Ar>
  static void load(Ar& ar, Pointer& value) {
    T* const object = ar.template load_pointer<std::remove_const_t<T>>();
    if (object) ar.claim_unique();
    value.reset(object);
  }
};
template <class T>
struct carrier<std::unique_ptr<T>> : unique_carrier<std::unique_ptr<T>, T> {};
template <class T>
struct carrier<boost::scoped_ptr<T>> : unique_carrier<boost::scoped_ptr<T>, T> {};

template <class Pointer, class T>
struct shared_carrier : owner_carrier<Pointer, T> {
  template <class Ar>
  static void save(Ar& ar, const Pointer& value) {
    if (ar.save_pointer(const_cast<std::remove_const_t<T>*>(value.get()))) ar.keep(value);
  }
};

template <class T>
struct carrier<std::shared_ptr<T>> : shared_carrier<std::shared_ptr<T>, T> {
  template <class Ar>
  static void load(Ar& ar, std::shared_ptr<T>& value) {
    T* const object = ar.template load_pointer<std::remove_const_t<T>>();
    value = object ? std::shared_ptr<T>(ar.claim_shared(), object) : nullptr;
  }
};

template <class T>
struct carrier<boost::shared_ptr<T>> : shared_carrier<boost::shared_ptr<T>, T> {
  template <class Ar>
  static void load(Ar& ar, boost::shared_ptr<T>& value) {
    T* const object = ar.template load_pointer<std::remove_const_t<T>>();
    if (object)
      value = boost::shared_ptr<T>(ar.claim_for(&own<boost::shared_ptr<void>>), object);
    else
      value.reset();
  }

 private:
  template <class Owner>
  static Owner own(void* object, void (*destroy)(void*)) {
    return Owner(object, destroy);
  }
};

template <class Weak, class Shared>
struct weak_carrier {
  static constexpr bool given = true;
  static constexpr bool complete = transportable<Shared>;

  template <class Ar>
  static void save(Ar& ar, const Weak& value) {
    ar << Shared(value.lock());
  }
  template <class Ar>
  static void load(Ar& ar, Weak& value) {
    Shared shared;
    ar >> shared;
    value = shared;
  }
};
template <class T>
struct carrier<std::weak_ptr<T>> : weak_carrier<std::weak_ptr<T>, std::shared_ptr<T>> {};
template <class T>
struct carrier<boost::weak_ptr<T>> : weak_carrier<boost::weak_ptr<T>, boost::shared_ptr<T>> {};

}  // namespace isolatte::inline v0_1::detail

#endif
