// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "supervise/reserve.hpp"

#include <functional>
#include <new>

namespace isolatte::inline v0_1::supervise {

reserve::reserve(std::size_t blocks, operation_memory* room)
    : reserve{room ? static_cast<block*>(room->take(blocks * sizeof(block))) : nullptr, blocks} {
  if (blocks_ != nullptr) return;
  own_.reset(new block[blocks]);
  blocks_ = own_.get();
}

void* reserve::allocate(std::size_t size) {
  if (size <= block_size) {
    std::lock_guard const lock{mutex_};
    if (block* const taken = free_) {
      free_ = taken->next;
      return taken->bytes;
    }
    if (begun_ != count_) return blocks_[begun_++].bytes;
  }
  return ::operator new(size);
}

void reserve::deallocate(void* memory) noexcept {
  auto* const given = static_cast<std::byte*>(memory);
  auto const* const begin = blocks_[0].bytes;
  std::less<const std::byte*> const before;
  if (before(given, begin) || !before(given, begin + count_ * sizeof(block)))
    return ::operator delete(memory);
  std::lock_guard const lock{mutex_};
  auto* const freed = new (given) block;
  freed->next = free_;
  free_ = freed;
}

}  // namespace isolatte::inline v0_1::supervise
