// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_ASYNC_EXECUTE_HPP
#define ISOLATTE_ASYNC_EXECUTE_HPP

#include <isolatte/config.hpp>
#include <isolatte/detail/operation/initiate.hpp>
#include <isolatte/detail/operation/operation.hpp>
#include <isolatte/options.hpp>
#include <isolatte/outcome.hpp>
#include <isolatte/program.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>

#include <utility>

namespace isolatte::inline v0_1 {

/// @cond
namespace detail {

/// Starts the program before it returns, and completes with what became of it.
ISOLATTE_DECL void async_execute(const boost::asio::any_io_executor& executor, program&& what,
                                 options&& opts, report_handler handler);

using execute_initiation = outcome_initiation<&async_execute, boost::asio::any_io_executor, void>;

template <class Token>
using execute_result =
    initiated<Token, outcome_signature<void>, execute_initiation, program, options>;

}  // namespace detail
/// @endcond

/// Runs another program in a child process and completes with its outcome.
///
/// Boost.Process launches the program. Then isolatte watches it like the child of a callable:
/// streams, timeout, cancellation, limits, the end of its tree, its resource usage. A program that
/// exits has ending::exited and its code; outcome_base::success is true if the code is 0. A signal
/// ends a program as it ends any child.
///
/// @param where an executor, or an execution context: the operation's I/O, timers and line
/// callbacks run there
/// @param what the program, its arguments, environment and directory
/// @param opts how to run it; options::max_result, options::fault_report and options::early mean
/// nothing to a program, which sends no result
/// @param token the completion token, with signature
/// `void(boost::system::error_code, outcome<void>)`; by default that of the executor, or
/// `boost::asio::deferred`
/// @return what the token makes of the operation: the result of `boost::asio::async_initiate`
///
/// @par Descriptors
/// The program has its standard streams and those of options::keep, whether or not they are marked
/// to be closed on exec. With @ref all_descriptors it has those that are not so marked.
/// @par Handler executor
/// The handler's associated executor, or that of @p where. The handler is never called inside the
/// initiating function, and everything the operation held is released before it is called.
/// @par Per-operation cancellation
/// `terminal` sends SIGKILL; `partial` SIGTERM and `total` SIGINT, with SIGKILL options::grace
/// later. The operation completes once the program is reaped, with
/// `boost::asio::error::operation_aborted` and ending::cancelled.
/// @par Errors
/// If the program could not be started, with ending::not_started:
/// - the error of `exec`: `ENOENT` if there is no such program, `EACCES` if it may not be executed,
///   `ENOEXEC` for a file of another kind, ...;
/// - the error of a step before `exec`, in @ref preparation_category : `EMFILE`, `ENOENT` for a
///   start directory or for a file of the options, ...;
/// - the error of the fork: `EAGAIN`, `ENOMEM`;
/// - `EINVAL` for a text with a null character, or for a malformed name of a variable.
///
/// `operation_aborted` after a cancellation. The end of a program that was started is in the
/// outcome, and is no error.
/// @par Exception safety
/// Strong guarantee: if the initiating function throws, no child is left and the handler is not
/// called. The function throws `std::bad_alloc`, and any exception of moving the handler.
/// @par Thread safety
/// May be called from any thread; any number of threads may run the context. Nothing that needs a
/// lock runs between `fork` and `exec`, so this is safe in a program with several threads.
/// @par Lifetime
/// Descriptors that @p opts names need to be open until the initiating function returns. Destroying
/// the execution context kills and reaps the program.
template <detail::executor_or_context Where,
          detail::outcome_token<void> Token = detail::default_token_of<Where>>
auto async_execute(Where&& where, program what, options opts = {},
                   Token&& token = detail::default_token_of<Where>())
    -> detail::execute_result<Token> {
  return boost::asio::async_initiate<Token, detail::outcome_signature<void>>(
      detail::execute_initiation{detail::erase_executor(where)}, token, std::move(what),
      std::move(opts));
}

/// Runs another program in a child process, with default options, and completes with its outcome.
///
/// @param where an executor, or an execution context
/// @param what the program, its arguments, environment and directory
/// @param token the completion token
/// @return what the token makes of the operation
template <detail::executor_or_context Where, detail::outcome_token<void> Token>
auto async_execute(Where&& where, program what, Token&& token) -> detail::execute_result<Token> {
  return isolatte::async_execute(std::forward<Where>(where), std::move(what), options{},
                                 std::forward<Token>(token));
}

}  // namespace isolatte::inline v0_1

#endif
