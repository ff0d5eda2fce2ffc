// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_ASYNC_FORK_HPP
#define ISOLATTE_ASYNC_FORK_HPP

#include <isolatte/config.hpp>
#include <isolatte/detail/operation/initiate.hpp>
#include <isolatte/detail/operation/operation.hpp>
#include <isolatte/detail/task/callable_task.hpp>
#include <isolatte/detail/task/message.hpp>
#include <isolatte/on_message.hpp>
#include <isolatte/options.hpp>
#include <isolatte/outcome.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>

#include <utility>

namespace isolatte::inline v0_1 {

/// @cond
namespace detail {

template <class F>
void start_fork(const boost::asio::any_io_executor& executor, F&& fn, options&& opts,
                report_handler handler) {
  talk_wish wish = wish_of(fn);
  callable_task<callable_within_t<F>> task{callable_in(std::move(fn))};
  async_run(executor, task, std::move(opts), std::move(wish), std::move(handler));
}

template <class F>
using fork_initiation =
    outcome_initiation<&start_fork<F>, boost::asio::any_io_executor, result_of<F>>;

template <class F, class Token>
using fork_result =
    initiated<Token, outcome_signature<result_of<F>>, fork_initiation<F>, F, options>;

}  // namespace detail
/// @endcond

/// Runs a callable in a fresh child process and completes with its outcome.
///
/// The child is a copy of this process, made before the initiating function returns: the callable
/// may capture anything by reference that lives until then. The callable runs in a copy of the
/// calling thread, the child's only thread. Its value comes back through Boost.Serialization.
/// Changes that it makes to memory stay in the child.
///
/// @param where an executor, or an execution context: the operation's I/O, timers and line
/// callbacks run there
/// @param fn the callable; may be move-only. The callable may take a `std::stop_token` and a
/// @ref channel; for the latter's messages see @ref on_message
/// @param opts how to run it
/// @param token the completion token, with signature
/// `void(boost::system::error_code, outcome<result_of<F>>)`; by default that of the executor, or
/// `boost::asio::deferred`
/// @return what the token makes of the operation: the result of `boost::asio::async_initiate`
///
/// @par Handler executor
/// The handler's associated executor, or that of @p where. The handler is never called inside the
/// initiating function, and everything the operation held is released before it is called.
/// @par Per-operation cancellation
/// `terminal` sends SIGKILL; `partial` SIGTERM and `total` SIGINT, with SIGKILL options::grace
/// later. A callable that takes a `std::stop_token` is asked by that in place of the polite
/// signals. The operation completes once the child is reaped, with
/// `boost::asio::error::operation_aborted` and ending::cancelled.
/// @par Errors
/// If the child could not be created: `EAGAIN`, `EMFILE`, `ENOENT` for a file of the options,
/// `EINVAL` for options that make no sense, error::sandbox_unsupported, ... After a cancellation:
/// `operation_aborted`. The end of a child that was created is in the outcome, and is no error.
/// @par Exception safety
/// Strong guarantee: if the initiating function throws, no child is left and the handler is not
/// called. The function throws `std::bad_alloc`, and any exception of moving the callable or the
/// handler.
/// @par Thread safety
/// May be called from any thread; any number of threads may run the context. In a program with
/// several threads the callable should confine itself to what is safe after `fork`: a lock that
/// another thread held stays held in the child.
/// @par Lifetime
/// Descriptors that @p opts names need to be open until the initiating function returns. Destroying
/// the execution context kills and reaps the child.
template <detail::executor_or_context Where, detail::can_run F,
          detail::outcome_token<result_of<F>> Token = detail::default_token_of<Where>>
auto async_fork(Where&& where, F fn, options opts = {},
                Token&& token = detail::default_token_of<Where>())
    -> detail::fork_result<F, Token> {
  detail::require_transportable<result_of<F>>();
  return boost::asio::async_initiate<Token, detail::outcome_signature<result_of<F>>>(
      detail::fork_initiation<F>{detail::erase_executor(where)}, token, std::move(fn),
      std::move(opts));
}

/// Runs a callable in a fresh child process, with default options, and completes with its outcome.
///
/// @param where an executor, or an execution context
/// @param fn the callable; may be move-only
/// @param token the completion token
/// @return what the token makes of the operation
template <detail::executor_or_context Where, detail::can_run F,
          detail::outcome_token<result_of<F>> Token>
auto async_fork(Where&& where, F fn, Token&& token) -> detail::fork_result<F, Token> {
  return isolatte::async_fork(std::forward<Where>(where), std::move(fn), options{},
                              std::forward<Token>(token));
}

}  // namespace isolatte::inline v0_1

#endif
