// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_VOCABULARY_BYTE_BUFFER_HPP
#define ISOLATTE_DETAIL_VOCABULARY_BYTE_BUFFER_HPP

#include <isolatte/config.hpp>

#include <cstddef>
#include <cstring>
#include <limits>
#include <span>
#include <stdexcept>
#include <utility>

namespace isolatte::inline v0_1::detail {

/// A value's encoding outgrew the limit of the buffer that takes it.
class ISOLATTE_VISIBLE buffer_limit_reached : public std::length_error {
 public:
  using std::length_error::length_error;
};

/// Contiguous bytes that grow. Unlike a vector's, new bytes are not set to zero, and growth leaves
/// it to realloc to move large blocks without copying them.
///
/// A few bytes need no allocation: the first one in a fresh child costs more than the rest of
/// encoding a small value.
class byte_buffer {
 public:
  // Not defaulted: that would set few_ to zero where the buffer is value-initialised.
  byte_buffer() noexcept {}
  byte_buffer(byte_buffer&& other) noexcept { take(other); }
  byte_buffer& operator=(byte_buffer&& other) noexcept {
    if (this != &other) {
      release();
      take(other);
    }
    return *this;
  }
  ~byte_buffer() { release(); }

  std::byte* data() noexcept { return data_; }
  const std::byte* data() const noexcept { return data_; }
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  std::size_t capacity() const noexcept { return capacity_; }
  std::span<const std::byte> bytes() const noexcept { return {data_, size_}; }

  /// Growth beyond @p limit bytes throws buffer_limit_reached. A limit below size() is not allowed.
  void limit(std::size_t limit) noexcept { limit_ = limit; }
  void clear() noexcept { size_ = 0; }
  void reserve(std::size_t capacity) {
    if (capacity > capacity_) reallocate(capacity);
  }
  /// Bytes that this adds are indeterminate.
  void resize(std::size_t size) {
    if (size > size_)
      extend(size - size_);
    else
      size_ = size;
  }
  /// Adds @p count indeterminate bytes and says where they are.
  std::byte* extend(std::size_t count) {
    if (count > capacity_ - size_ || count > limit_ - size_) grow(count);
    std::byte* const added = data_ + size_;
    size_ += count;
    return added;
  }
  void append(const void* data, std::size_t count) {
    if (count != 0) std::memcpy(extend(count), data, count);
  }
  void push_back(std::byte value) { *extend(1) = value; }

 private:
  ISOLATTE_DECL void grow(std::size_t count);
  ISOLATTE_DECL void reallocate(std::size_t capacity);
  ISOLATTE_DECL static void free(std::byte* data) noexcept;

  void release() noexcept {
    if (data_ != few_) free(data_);
  }
  /// Leaves the other empty, with its limit.
  void take(byte_buffer& other) noexcept {
    size_ = std::exchange(other.size_, 0);
    limit_ = other.limit_;
    if (other.data_ == other.few_) {
      data_ = few_;
      capacity_ = sizeof few_;
      std::memcpy(few_, other.few_, size_);
    } else {
      data_ = std::exchange(other.data_, other.few_);
      capacity_ = std::exchange(other.capacity_, sizeof few_);
    }
  }

  std::byte* data_ = few_;
  std::size_t size_ = 0;
  std::size_t capacity_ = sizeof few_;
  std::size_t limit_ = std::numeric_limits<std::ptrdiff_t>::max();
  std::byte few_[224];
};

}  // namespace isolatte::inline v0_1::detail

#endif
