// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_COMMAND_LINES_HPP
#define ISOLATTE_COMMAND_LINES_HPP

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/system/error_code.hpp>

#include <cstddef>
#include <functional>
#include <string>

namespace isolatte_run {

/// Reads the standard input line by line, without holding up the event loop.
class lines {
 public:
  /// @param line without its end
  using handler = std::function<void(boost::system::error_code, std::string line)>;

  /// @throws boost::system::system_error if there is no standard input
  explicit lines(boost::asio::io_context& context);

  /// Reads the next line. The error at the end is `asio::error::eof`.
  void async_next(handler then);
  /// A line that has not come will not be waited for.
  void cancel();

 private:
  std::string take(std::size_t size_with_end);

  boost::asio::posix::stream_descriptor input_;
  std::string buffer_;
  bool is_cancelled_ = false;
};

}  // namespace isolatte_run

#endif
