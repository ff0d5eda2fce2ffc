// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_LOGIC_TALK_FRAME_HPP
#define ISOLATTE_LIB_LOGIC_TALK_FRAME_HPP

#include <isolatte/detail/vocabulary/byte_buffer.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace isolatte::inline v0_1::logic {

/// The meaning of a frame of a conversation. Both directions have the same frames.
enum class talk_kind : std::uint32_t {
  /// A message, which is the payload.
  message = 1,
  /// So many bytes of what the other side has sent have been taken.
  credit = 2,
  /// To the child: the callable is asked to stop.
  stop = 3,
  /// The sender will send no more messages.
  finished = 4,
  /// The sender takes no more messages.
  unheard = 5,
  /// The sender waits for credit: it is to get what is due to it as soon as that is taken, though
  /// it may be little.
  wanting = 6,
};

struct talk_header {
  static constexpr std::uint32_t expected_magic = 0x69736f74;
  std::uint32_t magic = expected_magic;
  std::uint32_t kind = 0;
  /// Bytes of the payload; with credit, the bytes that have been taken.
  std::uint64_t length = 0;
};

talk_header make_talk_header(talk_kind kind, std::uint64_t length = 0) noexcept;

/// The part of the window that a message takes.
constexpr std::size_t cost_of_message(std::size_t payload) noexcept {
  return sizeof(talk_header) + payload;
}

/// Why the bytes of a conversation cannot be taken.
enum class talk_fault {
  none,
  malformed,
  /// A message is larger than allowed.
  too_large,
  out_of_memory,
};

/// One frame that has arrived.
struct talk_item {
  talk_kind kind = talk_kind::message;
  /// That of the header.
  std::uint64_t length = 0;
  detail::byte_buffer payload{};
};

/// Puts the frames of a conversation together from the bytes that arrive, and trusts none of them.
class talk_reader {
 public:
  /// @param most bytes that a message may have
  explicit talk_reader(std::size_t most) noexcept : most_{most} {}

  /// The place for the next bytes: never empty without a fault, and empty with one.
  std::span<std::byte> space() noexcept;
  /// Says that so many bytes of space() have been filled.
  void filled(std::size_t count) noexcept;
  /// The next frame, or nothing: more bytes are needed, or there is a fault.
  std::optional<talk_item> next() noexcept;
  /// Whether the next frame is a message, as far as its header is here.
  bool meets_message() noexcept;

  talk_fault fault() const noexcept { return fault_; }
  /// Whether the bytes so far end within a frame.
  bool is_within() const noexcept { return partial_.has_value() || begin_ != end_; }

 private:
  bool has_begun() noexcept;
  bool begin_frame() noexcept;
  bool make_room() noexcept;

  std::size_t most_;
  talk_fault fault_ = talk_fault::none;
  /// Bytes that have not been looked at.
  std::vector<std::byte> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  /// A message of which more is to come. The payload has room that is not filled yet.
  std::optional<talk_item> partial_;
  std::size_t got_ = 0;
};

}  // namespace isolatte::inline v0_1::logic

#endif
