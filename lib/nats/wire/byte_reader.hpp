// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_NATS_WIRE_BYTE_READER_HPP
#define ISOLATTE_LIB_NATS_WIRE_BYTE_READER_HPP

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>

namespace isolatte::inline v0_1::nats::wire {

/// Takes values off the front of bytes that no one vouches for.
///
/// The first value that is not there, or is not sound, sets the reason; from then on every value is
/// zero or empty. So a decoder may read on and look at the reason once, unless it allocates.
class byte_reader {
 public:
  explicit byte_reader(std::span<const std::byte> from) noexcept : rest_{from} {}

  /// An integer, the least significant byte first.
  template <class Number>
  Number number() noexcept {
    static_assert(std::is_integral_v<Number>);
    using bits = std::make_unsigned_t<Number>;
    bits value = 0;
    auto const from = bytes(sizeof(Number));
    for (std::size_t i = 0; i != from.size(); ++i)
      value = static_cast<bits>(value | static_cast<bits>(std::to_integer<bits>(from[i]) << 8 * i));
    return static_cast<Number>(value);
  }
  /// An enumerator from 0 to `last`.
  template <class Enum>
  Enum one_of(Enum last, const char* otherwise) noexcept {
    static_assert(sizeof(Enum) == 1 || std::is_same_v<std::underlying_type_t<Enum>, int>);
    auto const value = number<std::uint8_t>();
    if (value > static_cast<unsigned>(last)) fail(otherwise);
    return ok() ? static_cast<Enum>(value) : Enum{};
  }
  /// So many bytes, or none if there are not so many.
  std::span<const std::byte> bytes(std::size_t count) noexcept {
    if (count > rest_.size()) fail("the message ends too early");
    if (!ok()) return {};
    auto const front = rest_.first(count);
    rest_ = rest_.subspan(count);
    return front;
  }
  /// Text with its length before it, in a number of that type.
  template <class Length>
  std::string text() {
    auto const from = bytes(number<Length>());
    return {reinterpret_cast<const char*>(from.data()), from.size()};
  }

  /// Fails unless so many things of at least that size can still come.
  void expect(std::size_t count, std::size_t least) noexcept {
    if (count > rest_.size() / least) fail("the message ends too early");
  }
  void require(bool holds, const char* otherwise) noexcept {
    if (!holds) fail(otherwise);
  }
  /// Every message ends where its last value does.
  void end() noexcept {
    if (ok() && !rest_.empty()) fail("the message goes on after its end");
  }

  bool ok() const noexcept { return reason_ == nullptr; }
  /// Null as long as all is sound.
  const char* reason() const noexcept { return reason_; }

 private:
  void fail(const char* why) noexcept {
    if (!reason_) reason_ = why;
    rest_ = {};
  }

  std::span<const std::byte> rest_;
  const char* reason_ = nullptr;
};

}  // namespace isolatte::inline v0_1::nats::wire

#endif
