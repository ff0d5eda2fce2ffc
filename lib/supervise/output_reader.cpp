// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "supervise/output_reader.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>

#include <algorithm>
#include <array>

namespace isolatte::supervise {

namespace {

/// Bytes read before others get their turn of the event loop.
constexpr std::size_t bytes_per_turn = 256 * 1024;

std::size_t limit_of(const sink& to) noexcept {
  auto const* const captured = std::get_if<capture>(&to);
  return captured != nullptr ? captured->limit : 0;
}

}  // namespace

output_reader::output_reader(const strand& on, const sink& to)
    : descriptor_{on}, tail_{limit_of(to)} {
  if (auto const* const lines = std::get_if<by_line>(&to)) callback_ = *lines;
}

void output_reader::open(posix::descriptor fd, boost::system::error_code& ec) {
  descriptor_.assign(fd.get(), ec);
  if (ec) return;
  fd.release();
  descriptor_.non_blocking(true, ec);
  open_ = !ec;
}

void output_reader::begin_drain() {
  boost::asio::posix::descriptor_base::bytes_readable readable;
  boost::system::error_code ec;
  descriptor_.io_control(readable, ec);
  budget_ = ec ? 0 : readable.get();
}

bool output_reader::read() {
  std::array<char, 16 * 1024> bytes;
  for (std::size_t total = 0;;) {
    if (callback_)
      while (auto const line = lines_.next()) (*callback_)(*line);
    if (exhausted_) {
      open_ = false;
      return false;
    }
    if (total >= bytes_per_turn) return true;

    std::size_t const most = std::min(bytes.size(), budget_.value_or(bytes.size()));
    boost::system::error_code ec;
    std::size_t const count =
        most == 0 ? 0 : descriptor_.read_some(boost::asio::buffer(bytes.data(), most), ec);
    if (count != 0) {
      total += count;
      if (budget_) *budget_ -= count;
      append({bytes.data(), count});
    } else if (ec == boost::asio::error::would_block && !budget_) {
      return true;
    } else if (ec != boost::asio::error::interrupted) {
      close();
    }
  }
}

bool output_reader::is_readable() {
  boost::asio::posix::descriptor_base::bytes_readable readable;
  boost::system::error_code ec;
  descriptor_.io_control(readable, ec);
  return !ec && readable.get() != 0;
}

void output_reader::read_up_to_now() {
  while (open_ && !exhausted_ && is_readable()) read();
  if (!callback_) return;
  lines_.close();
  while (auto const line = lines_.next()) (*callback_)(*line);
  lines_.reopen();
}

void output_reader::append(std::string_view bytes) {
  if (callback_)
    lines_.append(bytes);
  else
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

}  // namespace isolatte::supervise
