// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_ARCHIVE_POINTER_MAP_HPP
#define ISOLATTE_DETAIL_ARCHIVE_POINTER_MAP_HPP

#include <isolatte/config.hpp>

#include <cstdint>
#include <utility>
#include <vector>

namespace isolatte::detail {

/// Numbers for pointers; small, and allocates nothing until it is used.
class pointer_map {
 public:
  ISOLATTE_DECL const std::uint32_t* find(const void* key) const noexcept;
  ISOLATTE_DECL void add(const void* key, std::uint32_t value);

 private:
  std::vector<std::pair<const void*, std::uint32_t>> sorted_;
};

}  // namespace isolatte::detail

#endif
