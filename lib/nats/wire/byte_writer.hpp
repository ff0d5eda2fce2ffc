// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_NATS_WIRE_BYTE_WRITER_HPP
#define ISOLATTE_LIB_NATS_WIRE_BYTE_WRITER_HPP

#include <isolatte/detail/vocabulary/byte_buffer.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <stdexcept>
#include <string_view>
#include <type_traits>

namespace isolatte::inline v0_1::nats::wire {

/// Appends values to a message as byte_reader takes them.
class byte_writer {
 public:
  explicit byte_writer(detail::byte_buffer& to) noexcept : to_{to} {}

  template <class Number>
  void number(std::type_identity_t<Number> value) {
    static_assert(std::is_integral_v<Number>);
    auto bits = static_cast<std::make_unsigned_t<Number>>(value);
    std::byte* const at = to_.extend(sizeof(Number));
    for (std::size_t i = 0; i != sizeof(Number); ++i)
      at[i] = static_cast<std::byte>(static_cast<std::uint64_t>(bits) >> 8 * i);
  }
  template <class Enum>
  void one_of(Enum value) {
    number<std::uint8_t>(static_cast<std::uint8_t>(value));
  }
  void bytes(std::span<const std::byte> from) { to_.append(from.data(), from.size()); }
  /// @throw std::length_error if the number that tells the length cannot
  template <class Length>
  void sized(std::span<const std::byte> from) {
    if (from.size() > std::numeric_limits<Length>::max())
      throw std::length_error("isolatte: a part of a message of the farm is too long");
    number<Length>(static_cast<Length>(from.size()));
    bytes(from);
  }
  template <class Length>
  void text(std::string_view from) {
    sized<Length>(std::as_bytes(std::span{from}));
  }

 private:
  detail::byte_buffer& to_;
};

}  // namespace isolatte::inline v0_1::nats::wire

#endif
