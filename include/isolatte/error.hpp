// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_ERROR_HPP
#define ISOLATTE_ERROR_HPP

#include <isolatte/config.hpp>

#include <boost/system/error_code.hpp>

#include <type_traits>

namespace isolatte {

/// Errors of the operations themselves, beside those of the system and of Asio.
///
/// What befell a child is never an error code: see @ref outcome.
enum class error {
  /// Another wait for the same child is still pending.
  already_waiting = 1,
  /// The outcome was handed out by an earlier wait: there is only one.
  already_delivered,
  /// The handle is empty: default-constructed or moved from.
  no_child,
  /// An element of a map's range could not be taken, or not be handed to its job; the exception is
  /// in its outcome.
  bad_element,
  /// The fork server died before the operation was done.
  server_died,
  /// The other process does not have the function: it is in a library that was loaded later, or
  /// was loaded somewhere else.
  unknown_function,
  /// More jobs wait than pool_options::max_queued allows.
  queue_full,
  /// The pool's initializer failed, or its workers end before they can take a job.
  broken_pool,
};

/// The category of @ref error, named "isolatte".
/// @return the one object of its kind
/// @par Thread safety
/// Safe from any thread.
ISOLATTE_DECL const boost::system::error_category& error_category() noexcept;

/// Makes an error code of an @ref error.
/// @param e the error
/// @return the code in @ref error_category
inline boost::system::error_code make_error_code(error e) noexcept {
  return {static_cast<int>(e), error_category()};
}

}  // namespace isolatte

/// @cond
template <>
struct boost::system::is_error_code_enum<isolatte::error> : std::true_type {};
/// @endcond

#endif
