// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_ARCHIVE_CARRY_PATH_HPP
#define ISOLATTE_DETAIL_ARCHIVE_CARRY_PATH_HPP

#include <isolatte/detail/archive/standard_type.hpp>
#include <isolatte/detail/archive/transportable.hpp>

#include <utility>

namespace isolatte::inline v0_1::detail {

template <file_path Path>
struct carrier<Path> {
  static constexpr bool given = true;
  static constexpr bool complete = true;

  template <class Ar>
  static void save(Ar& ar, const Path& value) {
    ar << value.native();
  }
  template <class Ar>
  static void load(Ar& ar, Path& value) {
    typename Path::string_type text;
    ar >> text;
    value = std::move(text);
  }
};

}  // namespace isolatte::inline v0_1::detail

#endif
