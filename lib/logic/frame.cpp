// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "logic/frame.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <stdexcept>

namespace isolatte::inline v0_1::logic {

std::size_t payload_limit(detail::payload_kind kind, std::size_t max_result) noexcept {
  return kind == detail::payload_kind::value ? max_result
                                             : std::max(max_result, exception_allowance);
}

frame_header make_frame_header(detail::payload_kind kind, std::size_t length) noexcept {
  frame_header header;
  header.kind = static_cast<std::uint32_t>(kind);
  header.length = length;
  return header;
}

std::span<std::byte> frame_reader::space() noexcept {
  if (state_ == frame_state::absent || (state_ == frame_state::partial && got_ < header_.size()))
    return std::span{header_}.subspan(got_);
  if (state_ == frame_state::partial)
    return std::as_writable_bytes(std::span{payload_.data(), payload_.size()})
        .subspan(got_ - header_.size());
  return surplus_;
}

frame_state frame_reader::filled(std::size_t count) noexcept {
  if (count == 0) return state_;
  if (state_ == frame_state::complete) {
    payload_ = {};
    return state_ = frame_state::malformed;
  }
  if (state_ != frame_state::absent && state_ != frame_state::partial) return state_;
  got_ += count;
  state_ = frame_state::partial;
  if (got_ == header_.size()) state_ = parse_header();
  if (state_ == frame_state::partial && got_ >= header_.size() &&
      got_ == header_.size() + payload_.size())
    state_ = frame_state::complete;
  return state_;
}

frame_state frame_reader::parse_header() noexcept {
  frame_header header;
  std::memcpy(&header, header_.data(), sizeof header);
  if (header.magic != frame_header::expected_magic) return frame_state::malformed;
  using detail::payload_kind;
  if (header.kind < static_cast<std::uint32_t>(payload_kind::value) ||
      header.kind > static_cast<std::uint32_t>(payload_kind::unencodable))
    return frame_state::malformed;
  auto const kind = static_cast<payload_kind>(header.kind);
  if (header.length > payload_limit(kind, max_payload_)) return frame_state::too_large;
  try {
    payload_.reserve(header.length);
    payload_.resize(header.length);
  } catch (const std::bad_alloc&) {
    return frame_state::out_of_memory;
  } catch (const std::length_error&) {
    return frame_state::out_of_memory;
  }
  kind_ = kind;
  return frame_state::partial;
}

}  // namespace isolatte::inline v0_1::logic
