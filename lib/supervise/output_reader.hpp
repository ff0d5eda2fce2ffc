// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_SUPERVISE_OUTPUT_READER_HPP
#define ISOLATTE_LIB_SUPERVISE_OUTPUT_READER_HPP

#include "logic/line_splitter.hpp"
#include "logic/tail_buffer.hpp"
#include "posix/descriptor.hpp"
#include "supervise/executors.hpp"

#include <isolatte/detail/vocabulary/report.hpp>
#include <isolatte/options.hpp>

#include <boost/system/error_code.hpp>

#include <atomic>
#include <cstddef>
#include <optional>
#include <string_view>

namespace isolatte::inline v0_1::supervise {

/// Reads what the child writes to its standard output or error: for capture or by_line, and for
/// any other sink to drop it.
class output_reader {
 public:
  /// @param unwanted once true, the owner of the line callback may be gone: no more lines are
  /// handed over
  output_reader(const strand& on, const sink& to, const std::atomic<bool>& unwanted);

  void open(posix::descriptor fd, boost::system::error_code& ec);
  bool is_open() const noexcept { return open_; }
  stream_descriptor& descriptor() noexcept { return descriptor_; }

  /// Reads what is there and hands lines over. Lets through what the line callback throws; the next
  /// call goes on after the line that threw.
  /// @return whether more may come; otherwise it is closed and all has been handed over
  bool read();
  /// Reads what is there now, and no more even if others go on writing, and hands over the last
  /// line, whether it is complete or not. More may come. Lets through what the line callback
  /// throws; the next call goes on.
  void read_up_to_now();
  /// Makes later calls read no more than what is in the pipe now. Another process than the child
  /// may hold the other end, and write to it without end.
  void begin_drain();

  detail::captured_text take();

 private:
  std::size_t readable();
  /// @return how many bytes; 0 if there are none now, or if the reader has been closed
  std::size_t take_some(std::size_t most);
  void hand_over();
  void close();
  void append(std::string_view bytes) noexcept;

  stream_descriptor descriptor_;
  std::optional<by_line> callback_;
  const std::atomic<bool>& unwanted_;
  logic::line_splitter lines_;
  bool captures_;
  logic::tail_buffer tail_;
  std::optional<std::size_t> budget_;
  bool open_ = false;
  /// Set after end-of-file: no more bytes are read, but lines may still have to be handed over.
  bool exhausted_ = false;
};

}  // namespace isolatte::inline v0_1::supervise

#endif
