// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "supervise/output_reader.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>

#include <algorithm>
#include <array>

namespace isolatte::inline v0_1::supervise {

namespace {

/// Bytes read in one turn of the event loop, so that other handlers run in between.
constexpr std::size_t output_per_turn = 256 * 1024;
constexpr std::size_t bytes_per_read = 16 * 1024;
/// Captured bytes for which there is memory before the child starts.
constexpr std::size_t captured_at_least = 64 * 1024;

std::size_t limit_of(const sink& to) noexcept {
  auto const* const captured = std::get_if<capture>(&to);
  return captured != nullptr ? captured->limit : 0;
}

}  // namespace

output_reader::output_reader(const strand& on, const sink& to, const std::atomic<bool>& unwanted)
    : descriptor_{on},
      unwanted_{unwanted},
      captures_{std::holds_alternative<capture>(to)},
      tail_{limit_of(to)} {
  if (auto const* const lines = std::get_if<by_line>(&to)) {
    callback_ = *lines;
    lines_.reserve(bytes_per_read);
  }
  if (captures_) tail_.reserve(captured_at_least);
}

void output_reader::open(posix::descriptor fd, boost::system::error_code& ec) {
  descriptor_.assign(fd.get(), ec);
  if (ec) return;
  fd.release();
  descriptor_.non_blocking(true, ec);
  open_ = !ec;
}

void output_reader::begin_drain() { budget_ = readable(); }

bool output_reader::read() {
  for (std::size_t total = 0;;) {
    hand_over();
    // Before the turn ends: if no process can write any more, a wait for more would not end.
    if (budget_ && *budget_ == 0 && !exhausted_) {
      close();
      continue;
    }
    if (exhausted_) {
      open_ = false;
      return false;
    }
    if (total >= output_per_turn) return true;

    std::size_t const count = take_some(budget_.value_or(bytes_per_read));
    total += count;
    if (budget_) *budget_ -= count;
    if (count == 0 && !exhausted_) {
      if (!budget_) return true;
      close();
    }
  }
}

void output_reader::read_up_to_now() {
  hand_over();
  for (std::size_t left = readable(); left != 0 && open_ && !exhausted_;) {
    std::size_t const count = take_some(left);
    if (count == 0) break;
    left -= count;
    hand_over();
  }
  if (exhausted_) open_ = false;
  if (!callback_) return;
  lines_.close();
  hand_over();
  lines_.reopen();
}

std::size_t output_reader::readable() {
  boost::asio::posix::descriptor_base::bytes_readable readable;
  boost::system::error_code ec;
  descriptor_.io_control(readable, ec);
  return ec ? 0 : readable.get();
}

std::size_t output_reader::take_some(std::size_t most) {
  std::array<char, bytes_per_read> bytes;
  boost::system::error_code ec;
  do {
    std::size_t const count =
        descriptor_.read_some(boost::asio::buffer(bytes.data(), std::min(bytes.size(), most)), ec);
    if (count != 0) {
      append({bytes.data(), count});
      return count;
    }
  } while (ec == boost::asio::error::interrupted);
  if (ec != boost::asio::error::would_block) close();
  return 0;
}

void output_reader::hand_over() {
  if (!callback_) return;
  while (!unwanted_) {
    auto const line = lines_.next();
    if (!line) return;
    (*callback_)(*line);
  }
}

void output_reader::append(std::string_view bytes) noexcept {
  if (callback_)
    lines_.append(unwanted_ ? std::string_view{} : bytes);
  else if (captures_)
    tail_.append(bytes);
}

void output_reader::close() {
  boost::system::error_code ignored;
  descriptor_.close(ignored);
  lines_.close();
  exhausted_ = true;
}

detail::captured_text output_reader::take() {
  bool const truncated = tail_.truncated();
  return {tail_.take(), truncated};
}

}  // namespace isolatte::inline v0_1::supervise
