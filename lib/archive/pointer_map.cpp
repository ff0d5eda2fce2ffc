// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include <isolatte/detail/archive/pointer_map.hpp>

#include <algorithm>
#include <functional>

namespace isolatte::inline v0_1::detail {

namespace {

constexpr auto is_before = [](const auto& entry, const void* key) {
  return std::less<>{}(entry.key, key);
};

}  // namespace

const std::uint32_t* pointer_map::find(const void* key) const noexcept {
  for (std::size_t i = 0; i < few_size_; ++i)
    if (few_[i].key == key) return &few_[i].value;
  auto const place = std::lower_bound(sorted_.begin(), sorted_.end(), key, is_before);
  return place != sorted_.end() && place->key == key ? &place->value : nullptr;
}

void pointer_map::add(const void* key, std::uint32_t value) {
  if (few_size_ < few_.size())
    few_[few_size_++] = {key, value};
  else
    sorted_.insert(std::lower_bound(sorted_.begin(), sorted_.end(), key, is_before), {key, value});
}

}  // namespace isolatte::inline v0_1::detail
