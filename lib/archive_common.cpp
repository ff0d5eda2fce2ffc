// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include <isolatte/detail/archive_common.hpp>
#include <isolatte/detail/malformed_frame.hpp>

#include <algorithm>
#include <stdexcept>

namespace isolatte::detail {

malformed_frame::malformed_frame(const char* why) : std::runtime_error(why) {}
malformed_frame::~malformed_frame() = default;

void throw_malformed(const char* why) { throw malformed_frame(why); }

void stack_guard::throw_too_deep() {
  throw std::length_error("isolatte: the value is nested too deeply to travel");
}

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
