// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_REPLY_READER_HPP
#define ISOLATTE_LIB_POSIX_REPLY_READER_HPP

#include "posix/job_channel.hpp"

#include <isolatte/detail/vocabulary/byte_buffer.hpp>

#include <boost/system/error_code.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace isolatte::inline v0_1::posix {

/// A reply of a worker's that has arrived whole.
struct reply {
  reply_header header;
  detail::byte_buffer payload;
};

/// Puts the replies of one worker together from the bytes that arrive, and trusts none of them.
class reply_reader {
 public:
  /// Obtains memory; comes before all else.
  void open();

  /// The place for the next bytes; not empty after next() has given nothing.
  std::span<std::byte> space() noexcept;
  /// Says that so many bytes of space() have been filled.
  void filled(std::size_t count) noexcept { end_ += count; }
  /// The next reply, or nothing: more bytes are needed, or there is an error: `bad_message` if the
  /// bytes can be no reply.
  /// @param most bytes that a value may have
  /// @throws std::bad_alloc
  std::optional<reply> next(std::size_t most, boost::system::error_code& ec);

 private:
  bool begin(std::size_t most, boost::system::error_code& ec);

  /// Bytes that have not been looked at.
  std::vector<std::byte> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  /// A reply whose payload is not complete, and its size.
  std::optional<reply> partial_;
  std::size_t size_ = 0;
};

}  // namespace isolatte::inline v0_1::posix

#endif
