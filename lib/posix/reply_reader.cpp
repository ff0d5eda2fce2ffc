// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/reply_reader.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace isolatte::inline v0_1::posix {

namespace {

constexpr std::size_t buffer_size = 64 * 1024;

}  // namespace

void reply_reader::open() { buffer_.resize(buffer_size); }

std::span<std::byte> reply_reader::space() noexcept {
  std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
  end_ -= std::exchange(begin_, 0);
  return std::span{buffer_}.subspan(end_);
}

/// @return whether a header is here
bool reply_reader::begin(std::size_t most, boost::system::error_code& ec) {
  reply fresh;
  if (end_ - begin_ < sizeof fresh.header) return false;
  std::memcpy(static_cast<void*>(&fresh.header), buffer_.data() + begin_, sizeof fresh.header);
  if (!fresh.header.well_formed(most)) {
    ec = make_error_code(boost::system::errc::bad_message);
    return false;
  }
  fresh.payload.reserve(fresh.header.size);
  size_ = fresh.header.size;
  partial_ = std::move(fresh);
  begin_ += sizeof(reply_header);
  return true;
}

std::optional<reply> reply_reader::next(std::size_t most, boost::system::error_code& ec) {
  if (!partial_ && !begin(most, ec)) return std::nullopt;
  std::size_t const missing = size_ - partial_->payload.size();
  std::size_t const count = std::min(missing, end_ - begin_);
  partial_->payload.append(buffer_.data() + begin_, count);
  begin_ += count;
  if (count != missing) return std::nullopt;
  return std::exchange(partial_, std::nullopt);
}

}  // namespace isolatte::inline v0_1::posix
