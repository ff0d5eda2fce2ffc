// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_ARCHIVE_CARRY_PATH_HPP
#define ISOLATTE_DETAIL_ARCHIVE_CARRY_PATH_HPP

#include <isolatte/detail/archive/transportable.hpp>

#include <filesystem>
#include <utility>

namespace isolatte::detail {

template <>
struct carrier<std::filesystem::path> {
  static constexpr bool given = true;
  static constexpr bool complete = true;

  template <class Ar>
  static void save(Ar& ar, const std::filesystem::path& value) {
    ar << value.native();
  }
  template <class Ar>
  static void load(Ar& ar, std::filesystem::path& value) {
    std::filesystem::path::string_type text;
    ar >> text;
    value = std::move(text);
  }
};

}  // namespace isolatte::detail

#endif
