// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_VOCABULARY_ERRORS_HPP
#define ISOLATTE_LIB_VOCABULARY_ERRORS_HPP

#include <boost/system/error_code.hpp>

#include <string>

namespace isolatte::inline v0_1::detail {

/// The error of the exception that is being handled: the code that it carries, or
/// `not_enough_memory`. To be called in a catch block; rethrows every other exception.
boost::system::error_code error_of_caught();

/// Whether a non-blocking call found nothing to do, rather than failed.
bool would_block(const boost::system::error_code& ec) noexcept;

/// Puts a reason into words. Without memory for them there are none: the end itself has to arrive.
void give_reason(std::string& reason, const char* words) noexcept;

/// Why an operation could not be started.
struct refusal {
  /// No error: it was started.
  boost::system::error_code ec{};
  /// The step that failed, in words that follow the operation's name; a string literal.
  const char* step = "";

  explicit operator bool() const noexcept { return ec.failed(); }
};

}  // namespace isolatte::inline v0_1::detail

#endif
