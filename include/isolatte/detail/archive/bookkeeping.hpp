// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_ARCHIVE_BOOKKEEPING_HPP
#define ISOLATTE_DETAIL_ARCHIVE_BOOKKEEPING_HPP

#include <boost/archive/basic_archive.hpp>
#include <boost/serialization/collection_size_type.hpp>
#include <boost/serialization/item_version_type.hpp>
#include <boost/serialization/nvp.hpp>

#include <type_traits>

namespace isolatte::detail {

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

}  // namespace isolatte::detail

#endif
