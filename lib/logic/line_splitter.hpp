// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_LOGIC_LINE_SPLITTER_HPP
#define ISOLATTE_LIB_LOGIC_LINE_SPLITTER_HPP

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace isolatte::inline v0_1::logic {

/// Cuts a stream of bytes into lines of bounded length.
class line_splitter {
 public:
  static constexpr std::size_t max_line = 64 * 1024;

  /// Makes room for pieces of up to that many bytes: append() allocates nothing if next() is called
  /// until it gives no line before each.
  void expect(std::size_t piece) { bytes_.reserve(max_line + piece); }
  /// Invalidates the line that next() gave.
  void append(std::string_view bytes);
  /// Says that no more bytes come: what is left is the last line, if it is not empty.
  void close() noexcept { closed_ = true; }
  /// Takes close() back: more comes, but not as part of the line that is under way.
  void reopen() noexcept { closed_ = false; }
  /// The next line without its newline, valid until the next call that is not const.
  std::optional<std::string_view> next() noexcept;

 private:
  std::string bytes_;
  std::size_t begin_ = 0;
  /// No newline was found up to here, so that no byte is searched twice.
  std::size_t searched_ = 0;
  bool closed_ = false;
};

}  // namespace isolatte::inline v0_1::logic

#endif
