// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_ARCHIVE_POINTER_MAP_HPP
#define ISOLATTE_DETAIL_ARCHIVE_POINTER_MAP_HPP

#include <isolatte/config.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace isolatte::inline v0_1::detail {

/// Maps pointers to numbers. The first few need no allocation: the first allocation in a fresh
/// child costs more than encoding a small value.
class pointer_map {
 public:
  ISOLATTE_DECL const std::uint32_t* find(const void* key) const noexcept;
  /// The key has to be new.
  ISOLATTE_DECL void add(const void* key, std::uint32_t value);

 private:
  struct entry {
    const void* key;
    std::uint32_t value;
  };

  std::array<entry, 8> few_;
  std::size_t few_size_ = 0;
  /// The entries after the first few, in order.
  std::vector<entry> sorted_;
};

}  // namespace isolatte::inline v0_1::detail

#endif
