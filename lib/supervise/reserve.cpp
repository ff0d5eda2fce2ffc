// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "supervise/reserve.hpp"

#include <algorithm>
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
  bool const is_own = holds(first_, given) || holds(rest_, given);
  std::unique_lock lock{mutex_};
  if (!is_own && std::none_of(added_parts_.begin(), added_parts_.end(),
                              [&](const part& each) { return holds(each, given); })) {
    lock.unlock();
    return ::operator delete(memory);
  }
  free_ = new (memory) block{free_};
}

void reserve::grow(std::size_t blocks) {
  std::unique_ptr<std::byte[]> fresh{new std::byte[blocks * block_size_]};
  std::lock_guard const lock{mutex_};
  added_.reserve(added_.size() + 1);
  added_parts_.push_back({fresh.get(), blocks});
  for (std::size_t i = 0; i != blocks; ++i)
    free_ = new (fresh.get() + i * block_size_) block{free_};
  added_.push_back(std::move(fresh));
}

}  // namespace isolatte::inline v0_1::supervise
