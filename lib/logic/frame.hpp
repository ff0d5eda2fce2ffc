// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_LOGIC_FRAME_HPP
#define ISOLATTE_LIB_LOGIC_FRAME_HPP

#include <isolatte/detail/vocabulary/byte_buffer.hpp>
#include <isolatte/detail/vocabulary/report.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace isolatte::inline v0_1::logic {

/// The header of a frame. A child sends one frame, its result: this header, then the payload. Both
/// ends are one program, so the layout needs no version, only a check that it is a frame at all.
struct frame_header {
  static constexpr std::uint32_t expected_magic = 0x69736f6c;
  std::uint32_t magic = expected_magic;
  std::uint32_t kind = 0;
  std::uint64_t length = 0;
};

/// Bytes that an exception may always take, however small options::max_result is: it tells why
/// there is no value.
constexpr std::size_t exception_allowance = 16 * 1024;

/// How large a payload of this kind may be.
std::size_t payload_limit(detail::payload_kind kind, std::size_t max_result) noexcept;

frame_header make_frame_header(detail::payload_kind kind, std::size_t length) noexcept;

enum class frame_state {
  /// Not a byte yet.
  absent,
  partial,
  complete,
  malformed,
  too_large,
  out_of_memory,
};

/// Puts a frame together from the bytes that arrive, and trusts none of them.
class frame_reader {
 public:
  explicit frame_reader(std::size_t max_payload) noexcept : max_payload_{max_payload} {}

  /// The place for the next bytes; never empty. After `partial`, a byte there only proves that
  /// there are too many.
  std::span<std::byte> space() noexcept;
  /// Says that so many bytes of space() have been filled.
  frame_state filled(std::size_t count) noexcept;

  std::size_t max_payload() const noexcept { return max_payload_; }
  frame_state state() const noexcept { return state_; }
  detail::payload_kind kind() const noexcept { return kind_; }
  detail::byte_buffer take_payload() noexcept { return std::move(payload_); }

 private:
  frame_state parse_header() noexcept;

  std::size_t max_payload_;
  std::array<std::byte, sizeof(frame_header)> header_{};
  std::array<std::byte, 64> surplus_{};
  std::size_t got_ = 0;
  frame_state state_ = frame_state::absent;
  detail::payload_kind kind_ = detail::payload_kind::none;
  detail::byte_buffer payload_;
};

}  // namespace isolatte::inline v0_1::logic

#endif
