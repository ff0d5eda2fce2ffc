// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include <isolatte/detail/vocabulary/byte_buffer.hpp>

#include <algorithm>
#include <cstdlib>
#include <new>
#include <string>

namespace isolatte::inline v0_1::detail {

namespace {

[[noreturn]] void throw_limit_reached(std::size_t limit) {
  throw buffer_limit_reached("isolatte: the encoded value exceeds its limit of " +
                             std::to_string(limit) + " bytes");
}

}  // namespace

void byte_buffer::free(std::byte* data) noexcept { std::free(data); }

void byte_buffer::grow(std::size_t count) {
  if (count > limit_ - size_) throw_limit_reached(limit_);
  std::size_t const needed = size_ + count;
  reallocate(std::max(needed, capacity_ > limit_ / 2 ? limit_ : 2 * capacity_));
}

void byte_buffer::reallocate(std::size_t capacity) {
  if (capacity > limit_) throw_limit_reached(limit_);
  bool const is_inside = data_ == few_;
  void* const moved = std::realloc(is_inside ? nullptr : data_, capacity);
  if (!moved) throw std::bad_alloc();
  if (is_inside) std::memcpy(moved, few_, size_);
  data_ = static_cast<std::byte*>(moved);
  capacity_ = capacity;
}

}  // namespace isolatte::inline v0_1::detail
