// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_ERROR_HPP
#define ISOLATTE_ERROR_HPP

#include <isolatte/config.hpp>

#include <boost/system/error_code.hpp>

#include <type_traits>

namespace isolatte::inline v0_1 {

/// Errors of the operations themselves, besides those of the system and of Asio.
///
/// The end of a child is never an error code: see @ref outcome. Most of these are equal to a
/// portable condition, which programs can test for: `ec ==
/// boost::system::errc::resource_unavailable_try_again` is true for `EAGAIN` and for queue_full.
enum class error {
  /// Another wait for the same child is still pending. Condition: operation_in_progress.
  already_waiting = 1,
  /// The outcome was handed out by an earlier wait: there is only one. Condition: no_child_process.
  already_delivered,
  /// The handle is empty: default-constructed or moved-from. Condition: no_child_process.
  no_child,
  /// An element of a map's range could not be taken, or not be handed to its job; the exception is
  /// in its outcome.
  bad_element,
  /// The fork server died before the operation was done. Condition: connection_reset.
  server_died,
  /// The other process does not have the function: it is in a library that was loaded later, or
  /// was loaded somewhere else. Condition: function_not_supported.
  unknown_function,
  /// More jobs wait than pool_options::max_queued allows. Condition:
  /// resource_unavailable_try_again.
  queue_full,
  /// The system cannot keep a promise of options::sandbox; outcome_base::gaps says which, and why.
  /// Condition: not_supported.
  sandbox_unsupported,
  /// The call that a fork server runs before it stands ready, fork_server_options::preload, failed.
  /// The outcome says how: its exception, its fault, what it wrote to stderr. Condition:
  /// state_not_recoverable.
  preload_failed,
  /// The pool has given up: its workers do not start, because their initializer or the preload
  /// fails, or they end before they can take a job. The outcome says how the last one failed. Or
  /// those do not that were to replace the others, and worker_pool::async_recycle has kept the
  /// workers that had not been replaced. Or the object of a @ref resident could not be made.
  /// Condition: state_not_recoverable.
  worker_start_failed,
  /// The job's job_options::deadline came before a worker had begun it; nothing ran. Condition:
  /// timed_out.
  expired,
  /// A message of the job's could not be read back; the job is ended, and its outcome says why.
  /// Condition: bad_message.
  bad_message,
  /// The process that held the state of a @ref resident has ended before it began the call; nothing
  /// ran. Condition: owner_dead.
  state_lost,
  /// No host began the job of a farm within the time that its options give; nothing ran. Condition:
  /// timed_out.
  not_in_time,
  /// The job of a farm could not be given to a server: none was reached before the farm was
  /// stopped, or the server refuses to store it; nothing ran. Condition: not_connected.
  no_server,
  /// The arguments of a farm's job are larger than a message of the server may be; nothing ran.
  /// Condition: message_size.
  too_large,
};

/// Returns the category of @ref error, named "isolatte".
/// @return the one object of its kind
/// @par Thread safety
/// Safe from any thread.
ISOLATTE_DECL const boost::system::error_category& error_category() noexcept;

/// Returns the category of what goes wrong before a program is executed, named
/// "isolatte.preparation".
///
/// @ref async_execute completes with such an error if it cannot open a file of the options, or if
/// the child fails at a step before `exec`: its start directory, its limits, ... An error of `exec`
/// itself is in the system's category. So a missing file of the options and a missing executable
/// can be told apart, although both are equal to `boost::system::errc::no_such_file_or_directory`.
/// The values are those of `errno`, and the conditions and messages are the system's.
/// @return the one object of its kind
/// @par Thread safety
/// Safe from any thread.
ISOLATTE_DECL const boost::system::error_category& preparation_category() noexcept;

/// Makes an error code of an @ref error.
/// @param e the error
/// @return the code in @ref error_category
inline boost::system::error_code make_error_code(error e) noexcept {
  return {static_cast<int>(e), error_category()};
}

}  // namespace isolatte::inline v0_1

/// @cond
template <>
struct boost::system::is_error_code_enum<isolatte::error> : std::true_type {};
/// @endcond

#endif
