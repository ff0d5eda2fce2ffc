// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_VOCABULARY_ERRORS_HPP
#define ISOLATTE_LIB_VOCABULARY_ERRORS_HPP

#include <boost/system/error_code.hpp>

namespace isolatte::detail {

/// The error that the exception being handled stands for: the code that it carries, or that memory
/// is short. To be called in a catch block; rethrows what is neither.
boost::system::error_code error_of_caught();

/// Whether a non-blocking call found nothing to do, rather than failed.
bool would_block(const boost::system::error_code& ec) noexcept;

/// Why an operation could not be started.
struct refusal {
  /// No error: it was started.
  boost::system::error_code ec{};
  /// What was being done, in words that follow the operation's name; a string literal.
  const char* step = "";

  explicit operator bool() const noexcept { return ec.failed(); }
};

}  // namespace isolatte::detail

#endif
