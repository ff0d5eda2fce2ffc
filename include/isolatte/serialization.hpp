// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_SERIALIZATION_HPP
#define ISOLATTE_SERIALIZATION_HPP

/// @file
/// What travels besides the classes that have a serialize() of their own.
///
/// These can be the result of a callable, and members of classes that are, with nothing else
/// included:
/// - numbers, enumerations, arrays of them, `std::byte`, `std::complex`, extended integers
/// - strings of any character type, `std::filesystem::path`
/// - all containers and container adaptors of the standard library, `std::array`, `std::bitset`,
///   `std::valarray`
/// - `std::optional`, `std::variant`, `std::pair`, `std::tuple`, `std::monostate`, `std::expected`,
///   and Boost's optional and variants
/// - `std::unique_ptr`, `std::shared_ptr`, `std::weak_ptr` and Boost's, to anything that travels;
///   objects that are shared stay shared, and pointers to polymorphic classes keep the class of the
///   object if it is exported (`BOOST_CLASS_EXPORT`)
/// - `std::chrono::duration` and `time_point`
/// - `std::error_code`, `std::error_condition`, `boost::system::error_code`
///
/// Other classes need a serialize() as Boost.Serialization asks for, or
/// `BOOST_IS_BITWISE_SERIALIZABLE`. Elements and members may be of types that can only be moved,
/// and elements that have no default constructor need load_construct_data().
///
/// What a child sends is never trusted. Whatever its bytes are, the program gets a well-formed
/// value or `undelivered`. A class helps if it leaves owning to smart pointers, and saves its own
/// counts as boost::serialization::collection_size_type: raw pointers that own may all come to
/// point to one object, and a plain number may be any.
///
/// Limits:
/// - Values may be nested as deeply as the stack allows: a chain of some thousand nodes, each
/// owning
///   the next, in a thread of common size, but only tens where the size of the stack is unknown, as
///   in a coroutine.
/// - `BOOST_CLASS_EXPORT` has to be in a source file that includes this header before.
/// - Circles of `std::shared_ptr` arrive as such, and leak as they do anywhere.

#include <isolatte/config.hpp>
#include <isolatte/detail/archive/codec.hpp>
#include <isolatte/detail/archive/transportable.hpp>

// What a serialize() of the user's asks for.
#include <boost/serialization/access.hpp>
#include <boost/serialization/array_wrapper.hpp>
#include <boost/serialization/assume_abstract.hpp>
#include <boost/serialization/base_object.hpp>
#include <boost/serialization/collection_size_type.hpp>
#include <boost/serialization/extended_type_info_typeid.hpp>
#include <boost/serialization/is_bitwise_serializable.hpp>
#include <boost/serialization/item_version_type.hpp>
#include <boost/serialization/level.hpp>
#include <boost/serialization/nvp.hpp>
#include <boost/serialization/split_free.hpp>
#include <boost/serialization/split_member.hpp>
#include <boost/serialization/tracking.hpp>
#include <boost/serialization/version.hpp>
#include <boost/serialization/void_cast.hpp>
#include <boost/serialization/wrapper.hpp>
#include <boost/smart_ptr/scoped_ptr.hpp>
#include <boost/smart_ptr/shared_ptr.hpp>
#include <boost/smart_ptr/weak_ptr.hpp>
#include <boost/system/error_category.hpp>
#include <boost/system/error_code.hpp>

// The containers that are carried.
#include <array>
#include <bitset>
#include <chrono>
#include <complex>
#include <deque>
#include <filesystem>
#include <forward_list>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <set>
#include <stack>
#include <string>
#include <system_error>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <valarray>
#include <variant>
#include <vector>

namespace isolatte::inline v0_1 {

/// Whether values of a type can be the result of a callable: whether they can be carried from one
/// process to another.
///
/// True for what Boost.Serialization can save and load and for the standard types of this header.
/// What cannot be found out is taken for granted: that a member named `serialize` is what it should
/// be, and that a final class without a public one has a private one.
/// @tparam T the type, without reference
template <class T>
inline constexpr bool is_transportable_v = detail::transportable<T>;

/// Makes a category known, so that error codes of it keep it when they come from a child.
///
/// The standard's categories, Boost.System's and Boost.Asio's are known from the start. A code of
/// any other arrives with a category that has the original's name and message and is equal to no
/// other. Call it before the child is created, once for each category; calling it again does no
/// harm.
/// @param category has to live as long as the program does. Known by its name() from here on
ISOLATTE_DECL void register_error_category(const std::error_category& category);

/// @copydoc register_error_category(const std::error_category&)
ISOLATTE_DECL void register_error_category(const boost::system::error_category& category);

}  // namespace isolatte::inline v0_1

#endif
