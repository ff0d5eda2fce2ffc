// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_ARCHIVE_BOOST_INTERNALS_HPP
#define ISOLATTE_DETAIL_ARCHIVE_BOOST_INTERNALS_HPP

// This header alone names parts of Boost that no documentation promises. Each line gives the name,
// the release of Boost that introduced it, and the use:
//
// serialization::singleton, type_info_implementation, 1.35:
//   void_upcast() asks for the two classes as these give them
// archive::detail::ptr_serialization_support, 1.35:
//   BOOST_CLASS_EXPORT reaches the archives
// serialization::use_array_optimization, 1.35:
//   make_array() reaches save_array() and load_array()
// serialization::collection_size_type, 1.36; item_version_type, 1.42:
//   Boost's container headers save them
// serialization::library_version_type, 1.74:
//   Boost's container headers ask the archive for it
// serialization::nvp, 1.32; array_wrapper, 1.56:
//   the archives take these wrappers apart
// mpl::begin, end, deref, next, 1.32:
//   they give the alternatives of a boost::variant
//
// The traits of a class (implementation_level, tracking_level, version, is_wrapper) are documented,
// but their headers include much of MPL, and every program would compile it. A class with a trait
// of its own comes with the trait's header. So an incomplete trait stands for its default.

#include <boost/archive/detail/register_archive.hpp>
#include <boost/mpl/bool.hpp>
#include <boost/serialization/level_enum.hpp>
#include <boost/serialization/serialization.hpp>
#include <boost/serialization/tracking_enum.hpp>

#include <type_traits>

// base_object.hpp and export.hpp need the first and the last, but leave including them to Boost's
// own archives. Without them a program that includes those headers after this one would not link.
#include <boost/serialization/extended_type_info_typeid.hpp>
#include <boost/serialization/singleton.hpp>
#include <boost/serialization/type_info_implementation.hpp>
#include <boost/serialization/void_cast.hpp>

namespace boost {

namespace serialization {

template <class T>
struct implementation_level;
template <class T>
struct tracking_level;
template <class T>
struct version;
template <class T>
struct is_wrapper;

class collection_size_type;
class item_version_type;
class library_version_type;
template <class T>
class nvp;
template <class T>
class array_wrapper;
template <class Archive>
struct use_array_optimization;

}  // namespace serialization

namespace mpl {

template <class Sequence>
struct begin;
template <class Sequence>
struct end;
template <class Iterator>
struct deref;
template <class Iterator>
struct next;

}  // namespace mpl

}  // namespace boost

namespace isolatte::inline v0_1::detail {

namespace bs = boost::serialization;

template <class T>
concept complete_type = requires { sizeof(T); };

/// The class's boost::serialization::level_type: what the archive has to save besides contents.
template <class T>
consteval int level_of() {
  if constexpr (complete_type<bs::implementation_level<T>>)
    return bs::implementation_level<T>::value;
  else
    return bs::object_class_info;
}

/// The class's boost::serialization::tracking_type: when its objects are recognised again.
template <class T>
consteval int tracking_of() {
  if constexpr (complete_type<bs::tracking_level<T>>)
    return bs::tracking_level<T>::value;
  else
    return bs::track_selectively;
}

template <class T>
consteval unsigned version_of() {
  if constexpr (complete_type<bs::version<T>>)
    return static_cast<unsigned>(bs::version<T>::value);
  else
    return 0;
}

/// The class as bs::void_upcast() takes it.
template <class T>
const bs::extended_type_info& boost_type() {
  return bs::singleton<typename bs::type_info_implementation<T>::type>::get_const_instance();
}

/// Whether a class refers to another object, so that a temporary one can be loaded.
template <class T>
consteval bool is_boost_wrapper() {
  if constexpr (complete_type<bs::is_wrapper<T>>)
    return bs::is_wrapper<T>::type::value;
  else
    return false;
}

template <class T>
inline constexpr bool is_boost_count = std::is_same_v<T, bs::collection_size_type>;
template <class T>
inline constexpr bool is_boost_item_version = std::is_same_v<T, bs::item_version_type>;

template <class T>
inline constexpr bool is_nvp = false;
template <class T>
inline constexpr bool is_nvp<bs::nvp<T>> = true;

// The types of an MPL sequence, one after the other.
template <class Sequence>
using first_place = typename boost::mpl::begin<Sequence>::type;
template <class Sequence>
using end_place = typename boost::mpl::end<Sequence>::type;
template <class Place>
using type_at = typename boost::mpl::deref<Place>::type;
template <class Place>
using place_after = typename boost::mpl::next<Place>::type;

}  // namespace isolatte::inline v0_1::detail

#endif
