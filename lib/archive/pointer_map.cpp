// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include <isolatte/detail/archive/pointer_map.hpp>

#include <algorithm>
#include <functional>

namespace isolatte::detail {

namespace {
struct key_less {
  using entry = std::pair<const void*, std::uint32_t>;
  bool operator()(const entry& a, const void* key) const noexcept {
    return std::less<>{}(a.first, key);
  }
};
}  // namespace

const std::uint32_t* pointer_map::find(const void* key) const noexcept {
  auto const place = std::lower_bound(sorted_.begin(), sorted_.end(), key, key_less{});
  return place != sorted_.end() && place->first == key ? &place->second : nullptr;
}

void pointer_map::add(const void* key, std::uint32_t value) {
  sorted_.insert(std::lower_bound(sorted_.begin(), sorted_.end(), key, key_less{}), {key, value});
}

}  // namespace isolatte::detail
