// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_LOGIC_TALK_WINDOW_HPP
#define ISOLATTE_LIB_LOGIC_TALK_WINDOW_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace isolatte::inline v0_1::logic {

/// One side's account of the messages that it sends: no more than the window is under way, except
/// for one message alone.
class talk_room {
 public:
  explicit talk_room(std::size_t window) noexcept : window_{window} {}

  /// Whether a message of that cost may go. A message alone may, whatever it costs.
  bool has_room(std::uint64_t cost) const noexcept {
    return under_way() <= window_ - std::min(window_, cost);
  }
  /// A message goes, whether there is room or not.
  void send(std::uint64_t cost) noexcept { sent_ += cost; }
  /// The other side says that it has taken so many bytes.
  /// @return false, and nothing changes, if it cannot have
  bool take(std::uint64_t bytes) noexcept {
    if (bytes > under_way()) return false;
    taken_ += bytes;
    return true;
  }

  // Bytes since the beginning.

  std::uint64_t sent() const noexcept { return sent_; }
  std::uint64_t taken() const noexcept { return taken_; }

 private:
  std::uint64_t under_way() const noexcept { return sent_ - taken_; }

  std::uint64_t window_;
  std::uint64_t sent_ = 0;
  std::uint64_t taken_ = 0;
};

/// One side's account of the credit that it owes the other, for the messages that it has taken.
class talk_debt {
 public:
  explicit talk_debt(std::size_t window) noexcept : window_{window} {}

  void take(std::uint64_t cost) noexcept { owed_ += cost; }
  /// The other side waits for credit.
  void ask() noexcept { is_asked_for_ = true; }
  /// Pays what is due: all of it from a quarter of the window on, or if the other side waits for
  /// it and cannot get more by waiting longer.
  /// @param is_all no message of the other side is left to be taken
  std::uint64_t pay(bool is_all) noexcept {
    // A message that is being taken will be owed in a moment, and is awaited as well.
    if (owed_ == 0) return 0;
    bool const is_awaited = is_all && std::exchange(is_asked_for_, false);
    return is_awaited || owed_ >= window_ / 4 ? std::exchange(owed_, 0) : 0;
  }

 private:
  std::uint64_t window_;
  std::uint64_t owed_ = 0;
  bool is_asked_for_ = false;
};

}  // namespace isolatte::inline v0_1::logic

#endif
