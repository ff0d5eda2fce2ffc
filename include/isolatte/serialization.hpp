// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_SERIALIZATION_HPP
#define ISOLATTE_SERIALIZATION_HPP

/// @file
/// Which types are transportable, and everything that a user's serialize() may ask for.
///
/// The operations carry any transportable value without this header: a program that returns a
/// `std::map` includes `<map>`. This header adds all containers below and the headers of
/// Boost.Serialization that a serialize() commonly needs. Include it before `BOOST_CLASS_EXPORT`.
///
/// These types are transportable, as results and as members of classes:
/// - numbers, enumerations, arrays of them, `std::byte`, `std::complex`, extended integers
/// - strings of any character type, `std::filesystem::path`
/// - all containers and container adaptors of the standard library, `std::array`, `std::bitset`,
///   `std::valarray`; if the order, hash or equality of one has a state, that has to be
///   transportable, too
/// - `std::optional`, `std::variant`, `std::pair`, `std::tuple`, `std::monostate`, `std::expected`,
///   and Boost's optional and variants
/// - `std::unique_ptr`, `std::shared_ptr`, `std::weak_ptr` and Boost's, to any transportable type;
///   objects that are shared stay shared, and pointers to polymorphic classes keep the class of the
///   object if it is exported (`BOOST_CLASS_EXPORT`)
/// - `std::chrono::duration` and `time_point`
/// - `std::error_code`, `std::error_condition`, `boost::system::error_code`
///
/// Other classes need a serialize() as Boost.Serialization asks for, or
/// `BOOST_IS_BITWISE_SERIALIZABLE`. A bitwise class has to be trivially copyable, or to have a
/// default constructor, no destructor and no virtual functions. Results, and elements of vectors,
/// have to be movable; they need not be copyable. Elements that have no default constructor need
/// load_construct_data().
///
/// The program never trusts what a child sends. Whatever the bytes are, the program gets a
/// well-formed value or `undelivered`. Four things are outside of this promise:
/// - An enumeration may arrive with any value of its underlying type, since a compiler cannot list
///   the enumerators. A load() that switches over one needs a default.
/// - The members of a class that is `BOOST_IS_BITWISE_SERIALIZABLE`, or of the implementation level
///   `primitive_type`, may arrive with any bytes: a class with a `bool`, a pointer or an invariant
///   needs a serialize().
/// - Raw pointers that own may all come to point to one object. Smart pointers may not.
/// - A plain number that a load() reads as a size may be any. Save counts as
///   boost::serialization::collection_size_type.
///
/// Limits:
/// - Values may be nested as deeply as the stack allows. A thread's stack of common size has room
///   for some thousand nodes, each of which owns the next. If the size of the stack is unknown, as
///   in a coroutine, there is room for tens.
/// - A value is `undelivered` if it takes more than some hundred million steps to load, and more
///   than some hundred for each of its bytes. Only keys of a hashed container that share their
///   hashes come to that: 15,000 different keys, or `NaN` keys, of one hash.
/// - An object is known by its address. So the object of a raw pointer, and an object of a tracked
///   class, have to live until all has been saved. A save() may let smart pointers go.
/// - If an object has a base class twice, a pointer to that base may arrive as one to its other
///   base of that type.
/// - Cycles of `std::shared_ptr` arrive as cycles, and leak as they do anywhere.

#include <isolatte/config.hpp>
#include <isolatte/detail/archive/codec.hpp>
#include <isolatte/detail/archive/transportable.hpp>

// These are the headers that a user's serialize() commonly needs.
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

// These have the types that the archives carry.
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

/// Whether a type is transportable: whether its values can be carried from one process to another.
///
/// True for the types that Boost.Serialization can save and load, and for the standard types of
/// this header. A compiler cannot find out everything, so two things are assumed: a member named
/// `serialize` is what Boost.Serialization asks for, and a final class without a public one has a
/// private one.
/// @tparam T the type, without reference
template <class T>
inline constexpr bool is_transportable_v = detail::transportable<T>;

/// Registers a category, so that error codes from a child have this category in the program.
///
/// The standard's categories, Boost.System's and Boost.Asio's are registered from the start. A code
/// of any other category arrives with one that has the original's name and message, and equals no
/// other. One child's result may bring 256 different messages of such categories, and as many codes
/// as take a bounded time: at least a thousand. A code beyond arrives in the category
/// `isolatte.unknown`. Call this function before the child is created, once for each category.
/// Further calls for a category of the same name have no effect.
/// @param category has to live as long as the program does. The category is found by its name()
///
/// @par Exception safety
/// Strong: `std::bad_alloc`.
/// @par Thread safety
/// May be called from any thread.
ISOLATTE_DECL void register_error_category(const std::error_category& category);

/// @copydoc register_error_category(const std::error_category&)
ISOLATTE_DECL void register_error_category(const boost::system::error_category& category);

}  // namespace isolatte::inline v0_1

#endif
