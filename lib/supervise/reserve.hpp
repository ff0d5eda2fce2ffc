// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_SUPERVISE_RESERVE_HPP
#define ISOLATTE_LIB_SUPERVISE_RESERVE_HPP

#include "supervise/operation_memory.hpp"

#include <cstddef>
#include <memory>
#include <mutex>
#include <type_traits>
#include <vector>

namespace isolatte::inline v0_1::supervise {

/// Memory for handlers, obtained before an operation starts. An operation that has started goes on
/// without the memory of the system, which may be short by then.
///
/// For any thread.
class reserve {
 public:
  /// The size of a block. No handler of the library's is larger; the tests find one that grows.
  static constexpr std::size_t usual_size = 256;

  /// @throws std::bad_alloc
  explicit reserve(std::size_t blocks);
  /// @param room to take the blocks from; it has to outlive this
  /// @param often the number of blocks that every operation uses
  /// @throws std::bad_alloc
  reserve(std::size_t blocks, operation_memory& room, std::size_t often);
  reserve(const reserve&) = delete;
  reserve& operator=(const reserve&) = delete;

  /// Gives a block, or memory of the system when no block is left or @p size is larger.
  /// @throws std::bad_alloc only without a block
  void* allocate(std::size_t size);
  void deallocate(void* memory) noexcept;
  /// Adds blocks.
  /// @throws std::bad_alloc
  void grow(std::size_t blocks);

 protected:
  reserve(std::byte* blocks, std::size_t count, std::size_t block_size) noexcept
      : block_size_{block_size}, first_{blocks, count} {}

 private:
  struct block {
    block* next;
  };
  struct part {
    std::byte* blocks = nullptr;
    std::size_t count = 0;
  };

  bool holds(const part& which, const std::byte* memory) const noexcept;

  std::size_t const block_size_ = usual_size;
  std::unique_ptr<std::byte[]> own_;
  part first_;
  part rest_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<std::byte[]>> added_;
  std::vector<part> added_parts_;
  block* free_ = nullptr;
  /// The number of blocks that have been given at least once. The others are not written to: after
  /// a fork the first write to a page costs as much as ten allocations.
  std::size_t begun_ = 0;
};

/// A reserve that has its memory within itself.
template <std::size_t Blocks, std::size_t Size>
class inline_reserve : public reserve {
 public:
  inline_reserve() noexcept : reserve{memory_, Blocks, Size} {}

 private:
  static_assert(Size % alignof(std::max_align_t) == 0);
  alignas(std::max_align_t) std::byte memory_[Blocks * Size];
};

/// Allocates from a reserve, which has to outlive the memory.
template <class T>
class reserve_allocator {
 public:
  using value_type = T;

  explicit reserve_allocator(reserve& from) noexcept : from_{&from} {}
  template <class U>
  reserve_allocator(const reserve_allocator<U>& other) noexcept : from_{other.from_} {}

  T* allocate(std::size_t count) {
    static_assert(alignof(T) <= alignof(std::max_align_t));
    return static_cast<T*>(from_->allocate(count * sizeof(T)));
  }
  void deallocate(T* memory, std::size_t) noexcept { from_->deallocate(memory); }

  template <class U>
  bool operator==(const reserve_allocator<U>& other) const noexcept {
    return from_ == other.from_;
  }

 private:
  template <class>
  friend class reserve_allocator;
  reserve* from_;
};

/// Has no size, so it allocates nothing; Asio rebinds it.
template <>
class reserve_allocator<void> {
 public:
  using value_type = void;

  explicit reserve_allocator(reserve& from) noexcept : from_{&from} {}
  template <class U>
  reserve_allocator(const reserve_allocator<U>& other) noexcept : from_{other.from_} {}

  template <class U>
  bool operator==(const reserve_allocator<U>& other) const noexcept {
    return from_ == other.from_;
  }

 private:
  template <class>
  friend class reserve_allocator;
  reserve* from_;
};

}  // namespace isolatte::inline v0_1::supervise

#endif
