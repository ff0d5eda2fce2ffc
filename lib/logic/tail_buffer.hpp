// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_LOGIC_TAIL_BUFFER_HPP
#define ISOLATTE_LIB_LOGIC_TAIL_BUFFER_HPP

#include <algorithm>
#include <cstddef>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

namespace isolatte::inline v0_1::logic {

/// Keeps the last bytes of a stream.
class tail_buffer {
 public:
  explicit tail_buffer(std::size_t limit) noexcept : limit_{limit} {}

  /// Obtains memory for so many of the bytes that are kept, so that at least half of these are kept
  /// whatever happens.
  void reserve(std::size_t most) { bytes_.reserve(std::min(most, limit_)); }

  /// Keeps fewer bytes than the limit if there is no memory for more.
  void append(std::string_view bytes) noexcept {
    try {
      add(bytes);
    } catch (const std::exception&) {
      add_within_capacity(bytes);
    }
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
  void add(std::string_view bytes) {
    if (bytes.size() > limit_) {
      bytes_.assign(bytes.substr(bytes.size() - limit_));
      truncated_ = true;
      return;
    }
    bytes_.append(bytes);
    // Trimmed only when twice as long as it may be, so that every byte is moved once on average.
    if (bytes_.size() / 2 > limit_) trim();
  }

  void add_within_capacity(std::string_view bytes) noexcept {
    truncated_ = true;
    std::size_t const most = std::min(bytes_.capacity(), limit_);
    if (bytes.size() > most) bytes.remove_prefix(bytes.size() - most);
    // Half is dropped at least, so that every byte is moved once on average.
    std::size_t const kept = std::min({bytes_.size(), most - bytes.size(), most / 2});
    bytes_.erase(0, bytes_.size() - kept);
    bytes_.append(bytes);
  }

  void trim() {
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
