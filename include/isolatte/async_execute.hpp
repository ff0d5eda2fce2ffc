// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_ASYNC_EXECUTE_HPP
#define ISOLATTE_ASYNC_EXECUTE_HPP

#include <isolatte/config.hpp>
#include <isolatte/detail/operation/operation.hpp>
#include <isolatte/detail/task/outcome_handler.hpp>
#include <isolatte/options.hpp>
#include <isolatte/outcome.hpp>
#include <isolatte/program.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/system/error_code.hpp>

#include <concepts>
#include <type_traits>
#include <utility>

namespace isolatte {

namespace detail {

/// Starts the program before it returns, and completes with what became of it.
ISOLATTE_DECL void async_execute(boost::asio::any_io_executor executor, program what, options opts,
                                 report_handler handler);

class initiate_execute {
 public:
  using executor_type = boost::asio::any_io_executor;

  explicit initiate_execute(executor_type executor) : executor_{std::move(executor)} {}

  executor_type get_executor() const noexcept { return executor_; }

  template <class Handler>
  void operator()(Handler&& handler, program what, options opts) const {
    async_execute(executor_, std::move(what), std::move(opts),
                  outcome_handler<void, std::decay_t<Handler>>{std::forward<Handler>(handler)});
  }

 private:
  executor_type executor_;
};

}  // namespace detail

/// Runs another program in a child process and completes with its outcome.
///
/// Boost.Process launches it; from there it is watched as a callable's child is: streams, timeout,
/// cancellation, limits, the end of its tree, its resource usage. It ends as ending::exited with
/// its code, and outcome::success() is that the code is 0; or by a signal, as any child does.
///
/// @param ex the operation's executor: its I/O, timers and line callbacks run there
/// @param what the program, its arguments, environment and directory
/// @param opts how to run it; options::max_result, options::fault_report and options::early mean
/// nothing to a program, which sends no result
/// @param token the completion token, with signature
/// `void(boost::system::error_code, outcome<void>)`
/// @return what the token makes of it
///
/// @par Descriptors
/// The program has its standard streams and those of options::keep, whether or not they are marked
/// to be closed on exec. With @ref all_descriptors it has those that are not so marked.
/// @par Handler executor
/// The handler's associated executor, @p ex where it has none. It is never called inside the
/// initiating function, and everything the operation held is released before it is called.
/// @par Per-operation cancellation
/// `terminal` sends SIGKILL; `partial` SIGTERM and `total` SIGINT, with SIGKILL options::grace
/// later. The operation completes once the program is reaped, with
/// `boost::asio::error::operation_aborted` and ending::cancelled.
/// @par Errors
/// What kept the program from being started, with ending::not_started: the error of `exec` itself
/// (`ENOENT` where there is none, `EACCES` where it may not be executed, `ENOEXEC` for a file of
/// another kind, ...) or of a step before it (`EAGAIN`, `EMFILE`, `ENOENT` for a start directory,
/// ...), `EINVAL` for a text with a null character in it or a variable's name that is none, and
/// `operation_aborted`. What befell the program is in the outcome, never in the error.
/// @par Thread safety
/// May be called from any thread; any number of threads may run the context. Nothing that needs a
/// lock runs between `fork` and `exec`, so this is safe in a program with several threads.
/// @par Lifetime
/// Descriptors that @p opts names need to be open until the initiating function returns. Destroying
/// the execution context kills and reaps the program.
template <boost::asio::completion_token_for<void(boost::system::error_code, outcome<void>)> Token =
              boost::asio::deferred_t>
auto async_execute(boost::asio::any_io_executor ex, program what, options opts = {},
                   Token&& token = {}) {
  return boost::asio::async_initiate<Token, void(boost::system::error_code, outcome<void>)>(
      detail::initiate_execute{std::move(ex)}, token, std::move(what), std::move(opts));
}

/// Runs another program in a child process and completes with its outcome.
///
/// The same with the context's own executor.
///
/// @param ctx the context that runs the operation
/// @param what the program, its arguments, environment and directory
/// @param opts how to run it
/// @param token the completion token
/// @return what the token makes of it
template <class ExecutionContext,
          boost::asio::completion_token_for<void(boost::system::error_code, outcome<void>)> Token =
              boost::asio::deferred_t>
  requires std::convertible_to<ExecutionContext&, boost::asio::execution_context&>
auto async_execute(ExecutionContext& ctx, program what, options opts = {}, Token&& token = {}) {
  return isolatte::async_execute(boost::asio::any_io_executor{ctx.get_executor()}, std::move(what),
                                 std::move(opts), std::forward<Token>(token));
}

}  // namespace isolatte

#endif
