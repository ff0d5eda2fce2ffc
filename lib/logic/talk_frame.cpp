// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "logic/talk_frame.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <stdexcept>
#include <utility>

namespace isolatte::inline v0_1::logic {

namespace {

constexpr std::size_t buffer_size = 64 * 1024;
/// The least room that a long message is given at once. A header may claim a length of which not a
/// byte follows.
constexpr std::size_t least_room = 256 * 1024;

bool is_known(std::uint32_t kind) noexcept {
  return kind >= static_cast<std::uint32_t>(talk_kind::message) &&
         kind <= static_cast<std::uint32_t>(talk_kind::wanting);
}

}  // namespace

talk_header make_talk_header(talk_kind kind, std::uint64_t length) noexcept {
  talk_header header;
  header.kind = static_cast<std::uint32_t>(kind);
  header.length = length;
  return header;
}

std::span<std::byte> talk_reader::space() noexcept {
  if (fault_ != talk_fault::none) return {};
  // A long message is read to its place.
  if (partial_ && begin_ == end_) {
    if (!make_room()) return {};
    return {partial_->payload.data() + got_, partial_->payload.size() - got_};
  }
  try {
    if (buffer_.empty()) buffer_.resize(buffer_size);
  } catch (const std::bad_alloc&) {
    fault_ = talk_fault::out_of_memory;
    return {};
  }
  if (begin_ != 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= std::exchange(begin_, 0);
  }
  return std::span{buffer_}.subspan(end_);
}

void talk_reader::filled(std::size_t count) noexcept {
  if (partial_ && begin_ == end_)
    got_ += count;
  else
    end_ += count;
}

/// Gives a message room for more bytes, at most as many as it has so far.
bool talk_reader::make_room() noexcept {
  auto& payload = partial_->payload;
  if (got_ != payload.size()) return true;
  std::size_t const missing = partial_->length - got_;
  try {
    payload.extend(std::min(missing, std::max(least_room, got_)));
    return true;
  } catch (const std::bad_alloc&) {
  } catch (const std::length_error&) {
  }
  fault_ = talk_fault::out_of_memory;
  return false;
}

bool talk_reader::begin_frame() noexcept {
  talk_header header;
  std::memcpy(&header, buffer_.data() + begin_, sizeof header);
  bool const is_message = header.kind == static_cast<std::uint32_t>(talk_kind::message);
  bool const has_length =
      is_message || header.kind == static_cast<std::uint32_t>(talk_kind::credit);
  if (header.magic != talk_header::expected_magic || !is_known(header.kind) ||
      (!has_length && header.length != 0))
    fault_ = talk_fault::malformed;
  else if (is_message && header.length > most_)
    fault_ = talk_fault::too_large;
  if (fault_ != talk_fault::none) return false;
  begin_ += sizeof header;
  got_ = 0;
  partial_.emplace(talk_item{static_cast<talk_kind>(header.kind), header.length});
  return true;
}

bool talk_reader::meets_message() noexcept {
  return has_begun() && partial_->kind == talk_kind::message;
}

/// Whether the header of the next frame is here.
bool talk_reader::has_begun() noexcept {
  if (fault_ != talk_fault::none) return false;
  return partial_ || (end_ - begin_ >= sizeof(talk_header) && begin_frame());
}

std::optional<talk_item> talk_reader::next() noexcept {
  if (!has_begun()) return std::nullopt;
  if (partial_->kind == talk_kind::message) {
    while (got_ != partial_->length && begin_ != end_) {
      if (!make_room()) return std::nullopt;
      std::size_t const count = std::min(partial_->payload.size() - got_, end_ - begin_);
      std::memcpy(partial_->payload.data() + got_, buffer_.data() + begin_, count);
      begin_ += count;
      got_ += count;
    }
    if (got_ != partial_->length) return std::nullopt;
  }
  return std::exchange(partial_, std::nullopt);
}

}  // namespace isolatte::inline v0_1::logic
