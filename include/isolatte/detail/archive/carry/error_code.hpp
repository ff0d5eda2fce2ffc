// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_ARCHIVE_CARRY_ERROR_CODE_HPP
#define ISOLATTE_DETAIL_ARCHIVE_CARRY_ERROR_CODE_HPP

#include <isolatte/config.hpp>
#include <isolatte/detail/archive/foreign_allowance.hpp>
#include <isolatte/detail/archive/transportable.hpp>

#include <boost/system/error_code.hpp>

#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>

namespace isolatte::inline v0_1::detail {

/// Whether every program knows a category, so that messages need not travel.
ISOLATTE_DECL bool is_standard_category(const std::error_category& category) noexcept;
ISOLATTE_DECL bool is_standard_category(const boost::system::error_category& category) noexcept;
/// Finds the category of a name, or makes one that gives the message for the value.
ISOLATTE_DECL const std::error_category& find_std_category(const std::string& name, int value,
                                                           const std::string& message,
                                                           foreign_allowance& left);
ISOLATTE_DECL const boost::system::error_category& find_boost_category(const std::string& name,
                                                                       int value,
                                                                       const std::string& message,
                                                                       foreign_allowance& left);

template <class Error>
struct error_carrier {
  static constexpr bool given = true;
  static constexpr bool complete = true;

  template <class Ar>
  static void save(Ar& ar, const Error& value) {
    ar << value.value() << std::string(value.category().name());
    ar << (is_standard_category(value.category()) ? std::string() : value.message());
  }
  template <class Ar>
  static void load(Ar& ar, Error& value) {
    int number = 0;
    std::string name;
    std::string message;
    ar >> number >> name >> message;
    if constexpr (std::is_same_v<std::remove_cvref_t<decltype(value.category())>,
                                 std::error_category>)
      value.assign(number, find_std_category(name, number, message, ar.foreign_categories()));
    else
      value.assign(number, find_boost_category(name, number, message, ar.foreign_categories()));
  }
};
template <>
struct carrier<std::error_code> : error_carrier<std::error_code> {};
template <>
struct carrier<std::error_condition> : error_carrier<std::error_condition> {};
template <>
struct carrier<boost::system::error_code> : error_carrier<boost::system::error_code> {
  using base = error_carrier<boost::system::error_code>;

  template <class Ar>
  static void save(Ar& ar, const boost::system::error_code& value) {
    bool const wraps_standard = value.category().name() == std::string_view("std:unknown");
    ar << wraps_standard;
    if (wraps_standard)
      ar << std::error_code(value);
    else
      base::save(ar, value);
  }
  template <class Ar>
  static void load(Ar& ar, boost::system::error_code& value) {
    if (ar.load_flag()) {
      std::error_code wrapped;
      ar >> wrapped;
      value = wrapped;
    } else {
      base::load(ar, value);
    }
  }
};
template <>
struct carrier<boost::system::error_condition> : error_carrier<boost::system::error_condition> {};

}  // namespace isolatte::inline v0_1::detail

#endif
