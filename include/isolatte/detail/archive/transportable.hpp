// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_ARCHIVE_TRANSPORTABLE_HPP
#define ISOLATTE_DETAIL_ARCHIVE_TRANSPORTABLE_HPP

#include <isolatte/config.hpp>
#include <isolatte/detail/archive/boost_internals.hpp>

#include <boost/serialization/is_bitwise_serializable.hpp>

#include <concepts>
#include <cstddef>
#include <span>
#include <string_view>
#include <type_traits>

namespace isolatte::inline v0_1::detail {

/// How the archives carry a type that they do not leave to Boost.Serialization's own mechanism.
///
/// A specialisation is found whatever the user has included or declared in boost::serialization,
/// so neither a newer Boost nor the user can be in conflict with it. A specialisation has
/// @code
/// static constexpr bool given = true;
/// static constexpr bool complete = ...;  // whether all its parts are transportable
/// template <class Ar> static void save(Ar& ar, const T& value);
/// template <class Ar> static void load(Ar& ar, T& value);
/// template <class Ar> static T make(Ar& ar);  // if T may lack a default constructor
/// @endcode
template <class T>
struct carrier {
  static constexpr bool given = false;
};

template <class T>
concept carried = carrier<std::remove_const_t<T>>::given;

template <class T>
inline constexpr bool is_extended_integer = false;
#ifdef __SIZEOF_INT128__
__extension__ using int128 = __int128;
__extension__ using uint128 = unsigned __int128;
template <>
inline constexpr bool is_extended_integer<int128> = true;
template <>
inline constexpr bool is_extended_integer<uint128> = true;
#endif

/// Whether every byte pattern is a value of a standard class.
template <class T>
inline constexpr bool is_plain_standard = false;

/// Whether bytes may be copied into an object of a class that its author calls bitwise. A copy
/// constructor says nothing of that; a destructor or a table of virtual functions does.
template <class T>
inline constexpr bool can_be_bitwise =
    std::is_trivially_copyable_v<T> ||
    (std::is_default_constructible_v<T> && std::is_trivially_destructible_v<T> &&
     !std::is_polymorphic_v<T>);

template <class T>
consteval bool find_plain() {
  if constexpr (std::is_same_v<T, bool>) {
    return false;
  } else if constexpr (std::is_enum_v<T>) {
    return !std::is_same_v<std::underlying_type_t<T>, bool>;
  } else if constexpr (std::is_arithmetic_v<T> || is_extended_integer<T>) {
    return true;
  } else if constexpr (std::is_class_v<T> || std::is_union_v<T>) {
    if constexpr (is_plain_standard<T>)
      return true;
    else
      return !is_boost_wrapper<T>() &&
             ((std::is_trivially_copyable_v<T> && level_of<T>() == bs::primitive_type) ||
              (bs::is_bitwise_serializable<T>::value && can_be_bitwise<T>));
  } else {
    return false;
  }
}

/// A type that travels as the bytes it consists of; any bytes are a value of it.
template <class T>
concept plain = find_plain<std::remove_const_t<T>>();

/// An enumeration that has the values of a bool.
template <class T>
concept flag_like = std::is_enum_v<T> && !plain<T>;

}  // namespace isolatte::inline v0_1::detail

namespace isolatte::inline v0_1::detail::probe {

/// Stands for an archive where only overload resolution is asked for.
struct archive {
  using is_saving = boost::mpl::bool_<true>;
  using is_loading = boost::mpl::bool_<false>;
};

/// This template matches as well as the one that Boost.Serialization falls back on. So a call is
/// ambiguous unless a better match exists.
template <class Archive, class T>
void serialize(Archive&, T&, const unsigned int);

template <class T>
concept has_serialize_function = requires(archive& ar, T& value, const bs::version_type version) {
  serialize(ar, value, version);
};

struct name_of_member {
  int serialize;
};
template <class T>
struct with_ambiguous_name : T, name_of_member {};

/// Looks up the name only, because the member may be private.
template <class T>
consteval bool has_serialize_member() {
  if constexpr (!std::is_class_v<T>)
    return false;
  else if constexpr (std::is_final_v<T>)
    // Nothing can be derived from the class, so a private member cannot be found.
    return true;
  else
    return !requires { &with_ambiguous_name<T>::serialize; };
}

/// Whether a public member named serialize cannot be called as Boost.Serialization calls it. A
/// private one may be called by Boost: its friends cannot be found out. GCC 12 takes the address of
/// a private template, so the templates that leave a parameter out are called.
template <class T, class Archive>
concept has_wrong_serialize =
    (requires { &T::serialize; } || requires(T& value) { value.serialize(); } ||
     requires(T& value, Archive& ar) { value.serialize(ar); }) &&
    !requires(T& value, Archive& ar, const unsigned int version) { value.serialize(ar, version); };

}  // namespace isolatte::inline v0_1::detail::probe

namespace isolatte::inline v0_1::detail {

class output_archive;

template <class T>
concept with_wrong_serialize =
    std::is_class_v<T> && !plain<T> && !carrier<T>::given && !is_boost_wrapper<T>() &&
    !probe::has_serialize_function<T> && probe::has_wrong_serialize<T, output_archive>;

template <class T>
inline constexpr bool is_view = false;
template <class C, class T>
inline constexpr bool is_view<std::basic_string_view<C, T>> = true;
template <class T, std::size_t N>
inline constexpr bool is_view<std::span<T, N>> = true;

template <class T>
consteval bool find_transportable() {
  if constexpr (!std::is_object_v<T> || is_view<T> || std::is_volatile_v<T>)
    return false;
  else if constexpr (std::is_same_v<T, bool> || plain<T>)
    return true;
  else if constexpr (carrier<T>::given)
    return carrier<T>::complete;
  else if constexpr (std::is_pointer_v<T>)
    return !std::is_pointer_v<std::remove_pointer_t<T>> &&
           std::is_class_v<std::remove_pointer_t<T>> &&
           find_transportable<std::remove_const_t<std::remove_pointer_t<T>>>();
  else if constexpr (std::is_bounded_array_v<T>)
    return find_transportable<std::remove_const_t<std::remove_extent_t<T>>>();
  else if constexpr (std::is_class_v<T> || std::is_union_v<T>)
    return level_of<T>() > bs::primitive_type &&
           (is_boost_wrapper<T>() || probe::has_serialize_function<T> ||
            (probe::has_serialize_member<T>() && !with_wrong_serialize<T>));
  else
    return std::is_enum_v<T>;
}

/// A type whose values the archives carry, as far as a compiler can find out.
template <class T>
concept transportable = find_transportable<std::remove_const_t<T>>();

/// A container whose order, hash or equality is not transportable.
template <class T>
concept without_its_functions = !plain<T> && requires { requires !carrier<T>::functions_complete; };

/// Says in words why a type is not transportable.
template <class T>
consteval bool check_transportable() {
  static_assert(!without_its_functions<std::remove_cv_t<T>>,
                "isolatte: the container's order, hash or equality cannot travel: use a function "
                "object that has no data, or one with a default constructor and a serialize()");
  static_assert(!is_view<std::remove_cv_t<T>>,
                "isolatte: a string_view or span cannot travel: what it refers to stays in the "
                "child. Return a std::string or a std::vector instead");
  static_assert(!std::is_pointer_v<T> || transportable<T>,
                "isolatte: this pointer cannot travel: only pointers to serialisable classes can. "
                "Return what it points to instead: a value, a std::string, a std::unique_ptr");
  static_assert(!with_wrong_serialize<std::remove_cv_t<T>>,
                "isolatte: the class has a serialize() that Boost.Serialization cannot call: make "
                "it template <class Archive> void serialize(Archive&, unsigned)");
  static_assert(is_view<std::remove_cv_t<T>> || std::is_pointer_v<T> ||
                    without_its_functions<std::remove_cv_t<T>> ||
                    with_wrong_serialize<std::remove_cv_t<T>> || transportable<T>,
                "isolatte: the callable's result type cannot travel: give it a serialize() member "
                "or free function (see Boost.Serialization), or return something that has one. "
                "Elements of a std::vector have to be movable");
  return transportable<T>;
}

/// Says in words why a type is not transportable as a whole.
template <class T>
consteval bool check_whole() {
  constexpr bool can_travel = check_transportable<T>();
  static_assert(!can_travel || std::is_move_constructible_v<T>,
                "isolatte: the callable's result type cannot be moved to where the program wants "
                "it: give it a move constructor, or return a std::unique_ptr to it");
  return can_travel && std::is_move_constructible_v<T>;
}

}  // namespace isolatte::inline v0_1::detail

#endif
