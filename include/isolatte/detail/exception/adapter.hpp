// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_EXCEPTION_ADAPTER_HPP
#define ISOLATTE_DETAIL_EXCEPTION_ADAPTER_HPP

#include <isolatte/config.hpp>
#include <isolatte/detail/archive/input_archive.hpp>
#include <isolatte/detail/archive/output_archive.hpp>
#include <isolatte/detail/archive/pointer_conversion.hpp>
#include <isolatte/detail/archive/transportable.hpp>
#include <isolatte/detail/exception/rebuilt.hpp>
#include <isolatte/detail/exception/registry.hpp>
#include <isolatte/remote_exception.hpp>

#include <boost/exception/exception.hpp>

#include <concepts>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeinfo>
#include <utility>

namespace isolatte::inline v0_1::detail {

template <class T>
inline constexpr bool is_standard_exception = std::is_base_of_v<std::exception, T>;

template <class T, class Base>
concept accessibly_derived = std::is_class_v<T> && std::convertible_to<T*, Base*>;

template <class T>
void restore_bases(T& object, const exception_plan& plan) {
  if constexpr (accessibly_derived<T, std::exception>)
    plan.restore(static_cast<std::exception&>(object));
  if constexpr (accessibly_derived<T, boost::exception>)
    plan.restore(static_cast<boost::exception&>(object));
  if constexpr (accessibly_derived<T, std::nested_exception>)
    plan.restore(static_cast<std::nested_exception&>(object));
}

template <class T>
concept has_message = requires(const T& object) {
  requires std::constructible_from<std::string, decltype(object.what())>;
};

template <has_message T>
std::string message_of(const T& object) {
  if constexpr (std::convertible_to<decltype(object.what()), const char*>) {
    const char* const text = object.what();
    return text ? text : "";
  } else {
    return std::string(object.what());
  }
}

/// The braces refuse a constructor that takes a bool, to which a pointer converts.
template <class T>
concept built_from_chars = requires(const char* text) {
  T{text};
  T(text);
};
template <class T>
concept built_from_string = std::constructible_from<T, const std::string&>;
template <class T>
concept built_from_message = has_message<T> && (built_from_string<T> || built_from_chars<T>);

template <class T>
concept has_visible_serialize =
    probe::has_serialize_function<T> ||
    requires(T& object, output_archive& archive) { object.serialize(archive, 0u); };

/// is_transportable_v assumes that a final class has a private serialize(), which cannot be seen.
/// If the message alone rebuilds the class, this concept assumes that it has none.
template <class T>
concept serializable =
    transportable<T> && (!std::is_final_v<T> || has_visible_serialize<T> || !built_from_message<T>);

template <class T>
concept built_from_data =
    serializable<T> && (std::is_default_constructible_v<T> || built_from_message<T>);

/// A type without members, of which no data has to travel.
template <class T>
concept built_from_nothing = std::is_default_constructible_v<T> &&
                             (std::is_empty_v<T> || (is_standard_exception<T> && has_message<T> &&
                                                     sizeof(T) == sizeof(std::exception)));

template <class T>
bool sample_exception(const std::exception_ptr& thrown, exception_sample& into) {
  try {
    std::rethrow_exception(thrown);
  } catch (const T& object) {
    if constexpr (accessibly_derived<T, std::exception>) {
      into.standard = &static_cast<const std::exception&>(object);
    } else if constexpr (has_message<T>) {
      into.message = message_of(object);
    }
    if constexpr (built_from_data<T>) {
      byte_buffer& data = into.data.emplace();
      data.limit(into.limit);
      output_archive archive(data);
      archive << object;
      archive.finish();
    }
    return true;
  } catch (...) {
    return false;
  }
}

template <class T>
bool catches_exception(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const T&) {
    return true;
  } catch (...) {
    return false;
  }
}

template <class T>
T blank_exception(std::string_view message) {
  // The message is more likely than the default constructor to set members that serialize()
  // forgets.
  if constexpr (built_from_message<T>) {
    if constexpr (built_from_string<T>)
      return T(std::string(message));
    else
      return T(std::string(message).c_str());
  } else {
    return T();
  }
}

template <class T>
std::exception_ptr rebuild_exception(const exception_plan& plan) {
  T object = blank_exception<T>(plan.what);
  if constexpr (built_from_data<T>) {
    input_archive archive(plan.data);
    archive >> object;
    archive.finish();
  }
  restore_bases(object, plan);
  if constexpr (!built_from_data<T> && has_message<T> && !std::is_final_v<T>)
    if (!plan.remote && message_of(object) != plan.what) return nullptr;
  return assemble(std::addressof(object), throwers_of<T>, plan);
}

template <class T>
inline constexpr exception_ops exception_ops_for{
    &typeid(T),        &sample_exception<T>, &catches_exception<T>, &rebuild_exception<T>,
    &throw_pointer<T>, &catch_pointer<T>};

template <class T>
class exception_registration {
 public:
  exception_registration() { register_exception(exception_ops_for<T>); }
  exception_registration(const exception_registration&) = delete;
  exception_registration& operator=(const exception_registration&) = delete;
  ~exception_registration() { unregister_exception(exception_ops_for<T>); }
};

template <class T>
bool register_exception_once() {
  constexpr bool is_plain = (std::is_class_v<T> || std::is_union_v<T> || std::is_arithmetic_v<T> ||
                             std::is_enum_v<T>) &&  //
                            std::same_as<T, std::remove_cv_t<T>>;
  static_assert(is_plain,
                "ISOLATTE_REGISTER_EXCEPTION takes a class, a number or an enumeration, "
                "without const, reference or pointer");
  if constexpr (is_plain) {
    constexpr bool is_object = !std::is_abstract_v<T> && std::move_constructible<T>;
    static_assert(
        is_object,
        "ISOLATTE_REGISTER_EXCEPTION: the exception type must be movable and not abstract");
    if constexpr (is_object) {
      constexpr bool can_travel =
          built_from_data<T> || built_from_message<T> || built_from_nothing<T>;
      static_assert(can_travel,
                    "ISOLATTE_REGISTER_EXCEPTION: the exception type must be serialisable by "
                    "Boost.Serialization (and constructible by default or from its message), or "
                    "have a what() and a constructor that takes such a message, as std::string or "
                    "const char*");
      if constexpr (can_travel) static const exception_registration<T> registration;
    }
  }
  return true;
}

}  // namespace isolatte::inline v0_1::detail

#endif
