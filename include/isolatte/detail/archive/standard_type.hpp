// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_ARCHIVE_STANDARD_TYPE_HPP
#define ISOLATTE_DETAIL_ARCHIVE_STANDARD_TYPE_HPP

#include <concepts>
#include <cstddef>
#include <string_view>
#include <type_traits>

namespace isolatte::inline v0_1::detail {

// The carriers of the standard containers do not include the containers' headers, so a program pays
// for those that it uses. A container is known by its namespace and by a member that no other has.

/// A text that contains T as the compiler prints it.
template <class T>
consteval std::string_view text_about() {
  return __PRETTY_FUNCTION__;
}

template <class T>
consteval bool find_whether_standard() {
  constexpr std::string_view known = text_about<double>();
  constexpr std::string_view text = text_about<T>();
  return text.substr(known.rfind("double")).starts_with("std::");
}

/// A class in namespace std.
template <class T>
concept standard_class = std::is_class_v<T> && find_whether_standard<T>();

/// std::map, std::set, their multi and unordered kinds.
template <class T>
concept keyed_container = requires {
  typename T::key_type;
  typename T::node_type;
} && standard_class<T>;

/// std::deque and std::list.
template <class T>
concept double_ended_container = requires(T& items) {
  typename T::allocator_type;
  items.pop_front();
  items.pop_back();
} && standard_class<T>;

/// std::forward_list.
template <class T>
concept single_ended_list = requires(T& items) { items.before_begin(); } && standard_class<T>;

/// std::stack, std::queue and std::priority_queue.
template <class T>
concept container_adaptor = requires(T& items) {
  typename T::container_type;
  items.pop();
} && standard_class<T>;

/// std::bitset.
template <class T>
concept set_of_bits = requires(T& bits) {
  bits.flip();
  bits.to_ulong();
} && standard_class<T>;

/// std::valarray.
template <class T>
concept numeric_array = requires(const T& items) {
  typename T::value_type;
  items.cshift(1);
} && standard_class<T>;

/// std::complex.
template <class T>
concept complex_number = requires(const T& number) {
  { number.real() } -> std::same_as<typename T::value_type>;
  { number.imag() } -> std::same_as<typename T::value_type>;
} && standard_class<T>;

/// std::filesystem::path.
template <class T>
concept file_path = requires(const T& path) {
  T::preferred_separator;
  path.lexically_normal();
} && standard_class<T>;

}  // namespace isolatte::inline v0_1::detail

#endif
