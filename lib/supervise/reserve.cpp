// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "supervise/reserve.hpp"

#include <functional>
#include <new>
#include <utility>

namespace isolatte::inline v0_1::supervise {

reserve::reserve(std::size_t blocks)
    : own_{new std::byte[blocks * usual_size]}, first_{own_.get(), blocks} {}

reserve::reserve(std::size_t blocks, operation_memory& room, std::size_t often) {
  auto const take = [&room](std::size_t count, use how) {
    return part{static_cast<std::byte*>(room.take(count * usual_size, how)), count};
  };
  first_ = take(often, use::often);
  rest_ = take(blocks - often, use::rarely);
  if (first_.blocks != nullptr && rest_.blocks != nullptr) return;
  own_.reset(new std::byte[blocks * usual_size]);
  first_ = {own_.get(), blocks};
  rest_ = {};
}

void* reserve::allocate(std::size_t size) {
  if (size <= block_size_) {
    std::lock_guard const lock{mutex_};
    if (free_ != nullptr) return std::exchange(free_, free_->next);
    if (begun_ < first_.count) return first_.blocks + begun_++ * block_size_;
    if (begun_ < first_.count + rest_.count)
      return rest_.blocks + (begun_++ - first_.count) * block_size_;
  }
  return ::operator new(size);
}

bool reserve::holds(const part& which, const std::byte* memory) const noexcept {
  std::less<const std::byte*> const before;
  return !before(memory, which.blocks) && before(memory, which.blocks + which.count * block_size_);
}

void reserve::deallocate(void* memory) noexcept {
  auto const* const given = static_cast<const std::byte*>(memory);
  if (!holds(first_, given) && !holds(rest_, given)) return ::operator delete(memory);
  std::lock_guard const lock{mutex_};
  free_ = new (memory) block{free_};
}

}  // namespace isolatte::inline v0_1::supervise
