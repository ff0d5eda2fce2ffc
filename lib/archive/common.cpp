// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/stack_bounds.hpp"

#include <isolatte/detail/archive/common.hpp>
#include <isolatte/detail/vocabulary/malformed_frame.hpp>

#include <algorithm>
#include <functional>
#include <stdexcept>

namespace isolatte::detail {

malformed_frame::malformed_frame(const char* why) : std::runtime_error(why) {}
malformed_frame::~malformed_frame() = default;

void throw_malformed(const char* why) { throw malformed_frame(why); }

void stack_guard::allow_more(std::uintptr_t place) {
  constexpr std::uintptr_t most = 64 * 1024 * 1024;
  constexpr std::uintptr_t largest_reserve = 256 * 1024;
  // Where the system does not tell: a coroutine's stack may have 128 KiB in all.
  constexpr std::uintptr_t unknown_stack = 64 * 1024;

  auto const [low, high] = posix::thread_stack();
  if (high == 0) {
    allowed_ = unknown_stack;
  } else if (low <= place && place < high && low <= base_ && base_ < high && place < base_) {
    std::uintptr_t const rest = base_ - low;
    allowed_ = std::min(most, rest - std::min(rest, std::min(largest_reserve, (high - low) / 4)));
  }
  if (distance(place) > allowed_)
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
