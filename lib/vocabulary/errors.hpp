// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_VOCABULARY_ERRORS_HPP
#define ISOLATTE_LIB_VOCABULARY_ERRORS_HPP

#include <boost/system/error_code.hpp>

#include <string>
#include <vector>

namespace isolatte::inline v0_1::detail {

/// The error of the exception that is being handled: the code that it carries, or
/// `not_enough_memory`. To be called in a catch block; rethrows every other exception.
boost::system::error_code error_of_caught();

/// Whether a non-blocking call found nothing to do, rather than failed.
bool would_block(const boost::system::error_code& ec) noexcept;

/// Puts a reason into words. Without memory for them there are none: the end itself has to arrive.
void give_reason(std::string& reason, const char* words) noexcept;

/// Copies the promises that a sandbox does not keep; none without memory for them.
void give_gaps(std::vector<std::string>& to, const std::vector<std::string>& gaps) noexcept;
/// Adds them to a reason, as far as there is memory.
void add_gaps(std::string& reason, const std::vector<std::string>& gaps) noexcept;

/// Why an operation could not be started.
struct refusal {
  /// No error: it was started.
  boost::system::error_code ec{};
  /// The step that failed, in words that follow the operation's name; a string literal.
  const char* step = "";
  /// The promises of a sandbox that cannot be kept, if that is why.
  std::vector<std::string> gaps{};

  explicit operator bool() const noexcept { return ec.failed(); }
};

}  // namespace isolatte::inline v0_1::detail

#endif
