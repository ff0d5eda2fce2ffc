// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_LOGIC_TAIL_BUFFER_HPP
#define ISOLATTE_LIB_LOGIC_TAIL_BUFFER_HPP

#include <algorithm>
#include <cstddef>
#include <new>
#include <string>
#include <string_view>
#include <utility>

namespace isolatte::inline v0_1::logic {

/// Keeps the last bytes of a stream.
class tail_buffer {
 public:
  explicit tail_buffer(std::size_t limit) noexcept : limit_{limit} {}

  /// Obtains memory for so many of the bytes that are kept, so that at least these are kept
  /// whatever happens.
  void reserve(std::size_t most) { bytes_.reserve(std::min(most, limit_)); }

  void append(std::string_view bytes) noexcept {
    if (bytes.size() > limit_) {
      truncated_ = true;
      bytes_.clear();
      bytes = bytes.substr(bytes.size() - limit_);
    }
    try {
      bytes_.append(bytes);
    } catch (const std::bad_alloc&) {
      append_in_place(bytes);
    }
    // Trimmed only when twice as long as it may be, so that every byte is moved once on average.
    if (bytes_.size() / 2 > limit_) trim();
  }

  bool truncated() const noexcept { return truncated_ || bytes_.size() > limit_; }

  /// Gives what has been kept, and begins anew.
  std::string take() noexcept {
    trim();
    truncated_ = false;
    try {
      // A copy has no more memory than it needs, and the buffer keeps its own.
      std::string text = bytes_;
      bytes_.clear();
      return text;
    } catch (const std::bad_alloc&) {
      return std::exchange(bytes_, {});
    }
  }

 private:
  /// Has the oldest bytes make room.
  void append_in_place(std::string_view bytes) noexcept {
    std::size_t const room = std::min(limit_, bytes_.capacity());
    if (bytes.size() > room) {
      truncated_ = true;
      bytes = bytes.substr(bytes.size() - room);
    }
    if (std::size_t const most = room - bytes.size(); bytes_.size() > most) {
      truncated_ = true;
      bytes_.erase(0, bytes_.size() - most);
    }
    bytes_.append(bytes);
  }

  void trim() noexcept {
    if (bytes_.size() <= limit_) return;
    bytes_.erase(0, bytes_.size() - limit_);
    truncated_ = true;
  }

  std::size_t limit_;
  std::string bytes_;
  bool truncated_ = false;
};

}  // namespace isolatte::inline v0_1::logic

#endif
