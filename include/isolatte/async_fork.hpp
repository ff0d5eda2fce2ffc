// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_ASYNC_FORK_HPP
#define ISOLATTE_ASYNC_FORK_HPP

#include <isolatte/config.hpp>
#include <isolatte/detail/operation/operation.hpp>
#include <isolatte/detail/task/child_task.hpp>
#include <isolatte/detail/task/outcome_handler.hpp>
#include <isolatte/options.hpp>
#include <isolatte/outcome.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/execution_context.hpp>

#include <concepts>
#include <type_traits>
#include <utility>

namespace isolatte {

namespace detail {

template <class R>
class initiate_fork {
 public:
  using executor_type = boost::asio::any_io_executor;

  explicit initiate_fork(executor_type executor) : executor_{std::move(executor)} {}

  executor_type get_executor() const noexcept { return executor_; }

  /// The callable by value: it goes before the handler is called, whatever keeps the arguments.
  template <class Handler, class F>
  void operator()(Handler&& handler, F fn, options opts) const {
    callable_task<F, R> task{std::move(fn)};
    async_run(executor_, task, std::move(opts),
              outcome_handler<R, std::decay_t<Handler>>{std::forward<Handler>(handler)});
  }

 private:
  executor_type executor_;
};

}  // namespace detail

/// Runs a callable in a fresh child process and completes with its outcome.
///
/// The child is a copy of this process, made before the initiating function returns: the callable
/// may capture anything by reference that lives until then. It runs in the thread that called, the
/// child's only thread. Its value comes back through Boost.Serialization. Nothing it does to memory
/// is seen here.
///
/// @param ex the operation's executor: its I/O, timers and line callbacks run there
/// @param fn the callable; may be move-only
/// @param opts how to run it
/// @param token the completion token, with signature
/// `void(boost::system::error_code, outcome<result_of<F>>)`
/// @return what the token makes of it
///
/// @par Handler executor
/// The handler's associated executor, @p ex where it has none. It is never called inside the
/// initiating function, and everything the operation held is released before it is called.
/// @par Per-operation cancellation
/// `terminal` sends SIGKILL; `partial` SIGTERM and `total` SIGINT, with SIGKILL options::grace
/// later. The operation completes once the child is reaped, with
/// `boost::asio::error::operation_aborted` and ending::cancelled.
/// @par Errors
/// What kept the child from being created (`EAGAIN`, `EMFILE`, `ENOENT` for a file of the options,
/// `EINVAL` for options that make no sense, ...), or `operation_aborted`. What befell the child is
/// in the outcome, never in the error.
/// @par Thread safety
/// May be called from any thread; any number of threads may run the context. In a program with
/// several threads the callable should confine itself to what is safe behind `fork`: a lock that
/// another thread held stays held for ever in the child.
/// @par Lifetime
/// Descriptors that @p opts names need to be open until the initiating function returns. Destroying
/// the execution context kills and reaps the child.
template <std::invocable F,
          boost::asio::completion_token_for<void(boost::system::error_code, outcome<result_of<F>>)>
              Token = boost::asio::deferred_t>
auto async_fork(boost::asio::any_io_executor ex, F fn, options opts = {}, Token&& token = {}) {
  using R = result_of<F>;
  detail::require_transportable<R>();
  return boost::asio::async_initiate<Token, void(boost::system::error_code, outcome<R>)>(
      detail::initiate_fork<R>{std::move(ex)}, token, std::move(fn), std::move(opts));
}

/// Runs a callable in a fresh child process and completes with its outcome.
///
/// The same with the context's own executor.
///
/// @param ctx the context that runs the operation
/// @param fn the callable; may be move-only
/// @param opts how to run it
/// @param token the completion token
/// @return what the token makes of it
template <class ExecutionContext, std::invocable F,
          boost::asio::completion_token_for<void(boost::system::error_code, outcome<result_of<F>>)>
              Token = boost::asio::deferred_t>
  requires std::convertible_to<ExecutionContext&, boost::asio::execution_context&>
auto async_fork(ExecutionContext& ctx, F fn, options opts = {}, Token&& token = {}) {
  return isolatte::async_fork(boost::asio::any_io_executor{ctx.get_executor()}, std::move(fn),
                              std::move(opts), std::forward<Token>(token));
}

}  // namespace isolatte

#endif
