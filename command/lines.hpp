// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_COMMAND_LINES_HPP
#define ISOLATTE_COMMAND_LINES_HPP

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/system/error_code.hpp>

#include <cstddef>
#include <functional>
#include <optional>
#include <string>

namespace isolatte_run {

/// The name of reading in messages.
inline constexpr const char* reading_failed = "reading the standard input";

/// Reads the standard input line by line, without holding up the event loop. No more than a line
/// that can be an argument is kept.
class lines {
 public:
  /// @param line without its end
  using handler = std::function<void(boost::system::error_code, std::string line)>;

  /// @throws std::system_error if there is no standard input
  explicit lines(boost::asio::io_context& context);

  /// Reads the next line. The error at the end is `asio::error::eof`. A line that no argument can
  /// hold has `argument_list_too_long`, with its beginning, or, if it has a null character,
  /// `illegal_byte_sequence`. The next one can be read then.
  void async_next(handler then);
  /// A line that has not come will not be waited for.
  void cancel();

 private:
  bool find_line(std::size_t& size) const;
  std::string take(std::size_t size);
  void give(handler then, std::string line);
  void read_more(handler then);

  boost::asio::posix::stream_descriptor input_;
  /// Bytes that have been read; those before begin_ have been given.
  std::string buffer_;
  std::size_t begin_ = 0;
  /// The beginning of this line was kept, and the rest is passed over.
  std::optional<std::string> too_long_;
  bool is_cancelled_ = false;
};

}  // namespace isolatte_run

#endif
