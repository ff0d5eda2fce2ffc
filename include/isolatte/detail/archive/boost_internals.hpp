// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_ARCHIVE_BOOST_INTERNALS_HPP
#define ISOLATTE_DETAIL_ARCHIVE_BOOST_INTERNALS_HPP

// This header is the only one that names parts of Boost which no documentation promises.
//
// | name | used for | in Boost since |
// |---|---|---|
// | archive::detail::ptr_serialization_support | BOOST_CLASS_EXPORT reaches the archives | 1.35 |
// | serialization::use_array_optimization | make_array() reaches save_array() and load_array()
// | 1.35 | | serialization::collection_size_type, item_version_type | what Boost's containers save
// | 1.36, 1.42 | | serialization::library_version_type | what Boost's containers ask for | 1.74 |
// | serialization::nvp, array_wrapper | wrappers that are taken apart here | 1.32, 1.56 |
// | mpl::begin, end, deref, next | the alternatives of a boost::variant | 1.32 |
//
// The traits of a class (implementation_level, tracking_level, version, is_wrapper) are documented,
// but their headers cost every program an MPL. A class about which something is to be said comes
// with the header that says it, so an incomplete trait stands for its default.

#include <boost/archive/detail/register_archive.hpp>
#include <boost/mpl/bool.hpp>
#include <boost/serialization/level_enum.hpp>
#include <boost/serialization/serialization.hpp>
#include <boost/serialization/tracking_enum.hpp>

#include <type_traits>

// Classes with base classes need these, and so does a source that exports classes. Neither
// base_object.hpp nor export.hpp includes them: Boost's own archives do.
#if defined(BOOST_SERIALIZATION_BASE_OBJECT_HPP) || defined(BOOST_SERIALIZATION_EXPORT_HPP)
#include <boost/serialization/extended_type_info_typeid.hpp>
#include <boost/serialization/void_cast.hpp>
#endif

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

/// How much Boost.Serialization is to do for a class: a boost::serialization::level_type.
template <class T>
consteval int level_of() {
  if constexpr (complete_type<bs::implementation_level<T>>)
    return bs::implementation_level<T>::value;
  else
    return bs::object_class_info;
}

/// Whether objects of a class are known again: a boost::serialization::tracking_type.
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

/// Whether a class stands for something else, which is loaded through a temporary object.
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

/// The types of an MPL sequence, one after the other.
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
