// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "logic/line_splitter.hpp"

#include <algorithm>

namespace isolatte::inline v0_1::logic {

void line_splitter::append(std::string_view bytes) {
  bytes_.erase(0, begin_);
  searched_ -= begin_;
  begin_ = 0;
  bytes_.append(bytes);
}

std::optional<std::string_view> line_splitter::next() noexcept {
  std::string_view const all = bytes_;
  // A line of exactly max_line bytes ends at its own newline, not at an empty line after it.
  std::size_t const limit = std::min(all.size(), begin_ + max_line + 1);
  std::size_t const newline = all.substr(0, limit).find('\n', searched_);
  if (newline != std::string_view::npos) {
    std::string_view const line = all.substr(begin_, newline - begin_);
    begin_ = searched_ = newline + 1;
    return line;
  }
  searched_ = limit;
  bool const too_long = limit - begin_ > max_line;
  if (too_long || (closed_ && begin_ < all.size())) {
    std::string_view const line = all.substr(begin_, max_line);
    begin_ += line.size();
    searched_ = begin_;
    return line;
  }
  return std::nullopt;
}

}  // namespace isolatte::inline v0_1::logic
