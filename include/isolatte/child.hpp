// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_CHILD_HPP
#define ISOLATTE_CHILD_HPP

#include <isolatte/async_fork.hpp>
#include <isolatte/config.hpp>
#include <isolatte/detail/operation/operation.hpp>
#include <isolatte/detail/task/outcome_handler.hpp>
#include <isolatte/error.hpp>
#include <isolatte/options.hpp>
#include <isolatte/outcome.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/append.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/error_code.hpp>

#include <concepts>
#include <type_traits>
#include <utility>

namespace isolatte {

template <class R>
class child;

namespace detail {

template <class R>
child<R> make_child(boost::asio::any_io_executor ex, child_task& task, options opts);

}  // namespace detail

/// A handle to a running child, made by @ref spawn_child.
///
/// Destroying it kills and reaps the child with its whole tree, and blocks for no longer than the
/// kill takes; a wait that was pending completes with `operation_aborted`.
///
/// @tparam R the callable's decayed result, or void
///
/// @par Thread safety
/// Distinct objects: safe, also while other threads run the executor. Shared objects: unsafe.
/// @par Lifetime
/// Must be destroyed before its execution context, as any I/O object.
template <class R>
class child {
 public:
  /// The executor's type.
  using executor_type = boost::asio::any_io_executor;

  /// A handle to nothing.
  child() noexcept = default;

  /// Takes another's child.
  /// @param other the handle to empty
  child(child&& other) noexcept = default;
  /// Takes another's child; the one held before is killed and reaped.
  /// @param other the handle to empty
  /// @return this handle
  child& operator=(child&& other) noexcept = default;

  /// The executor that the child's operations run on.
  /// @return the executor given to @ref spawn_child
  executor_type get_executor() const { return run_.get_executor(); }

  /// The process id.
  /// @return the id, also behind the child's end; 0 where no child could be created
  int pid() const noexcept { return run_.pid(); }

  /// Whether the child has neither ended nor been reaped.
  /// @return true while it runs or is suspended
  bool running() const noexcept { return run_.running(); }

  /// Sends SIGINT to the child's tree. A child that has ended is left alone.
  /// @return what kept the signal from being sent
  boost::system::error_code interrupt() noexcept {
    return run_.signal(detail::run_handle::request::interrupt);
  }
  /// Sends SIGTERM to the child's tree. A child that has ended is left alone.
  /// @return what kept the signal from being sent
  boost::system::error_code request_exit() noexcept {
    return run_.signal(detail::run_handle::request::request_exit);
  }
  /// Sends SIGKILL to the child's tree. A child that has ended is left alone.
  /// @return what kept the signal from being sent
  boost::system::error_code terminate() noexcept {
    return run_.signal(detail::run_handle::request::terminate);
  }
  /// Stops the child's tree (SIGSTOP). Its timeout goes on.
  /// @return what kept the signal from being sent
  boost::system::error_code suspend() noexcept {
    return run_.signal(detail::run_handle::request::suspend);
  }
  /// Lets the child's tree go on (SIGCONT).
  /// @return what kept the signal from being sent
  boost::system::error_code resume() noexcept {
    return run_.signal(detail::run_handle::request::resume);
  }

  /// Waits for the child's end.
  ///
  /// @param token the completion token, with signature
  /// `void(boost::system::error_code, outcome<R>)`
  /// @return what the token makes of it
  ///
  /// @par Per-operation cancellation
  /// `terminal`, `partial` and `total` end the wait alone, with `operation_aborted` and an empty
  /// outcome; the child lives, and may be waited for again.
  /// @par Errors
  /// What kept the child from being created; `operation_aborted`; error::already_waiting while
  /// another wait is pending; error::already_delivered when the outcome has been handed out;
  /// error::no_child for an empty handle.
  template <boost::asio::completion_token_for<void(boost::system::error_code, outcome<R>)> Token =
                boost::asio::deferred_t>
  auto async_wait(Token&& token = {}) {
    return boost::asio::async_initiate<Token, void(boost::system::error_code, outcome<R>)>(
        initiate_wait{this}, token);
  }

 private:
  friend child detail::make_child<R>(boost::asio::any_io_executor, detail::child_task&, options);

  class initiate_wait {
   public:
    using executor_type = child::executor_type;
    explicit initiate_wait(child* self) noexcept : self_{self} {}
    executor_type get_executor() const { return self_->get_executor(); }
    template <class Handler>
    void operator()(Handler&& handler) const {
      if (self_->run_.empty()) {
        // Straight to where it belongs: there is no executor of ours to go by.
        auto const executor = boost::asio::get_associated_executor(handler);
        boost::asio::post(executor,
                          boost::asio::append(std::forward<Handler>(handler),
                                              make_error_code(error::no_child), outcome<R>{}));
        return;
      }
      self_->run_.async_wait(
          detail::outcome_handler<R, std::decay_t<Handler>>{std::forward<Handler>(handler)});
    }

   private:
    child* self_;
  };

  explicit child(detail::run_handle run) noexcept : run_{std::move(run)} {}

  detail::run_handle run_;
};

/// @cond
template <class R>
child<R> detail::make_child(boost::asio::any_io_executor ex, child_task& task, options opts) {
  return child<R>{run_handle{std::move(ex), task, std::move(opts)}};
}
/// @endcond

/// Runs a callable in a fresh child process and gives a handle to it.
///
/// The child exists when this returns. What kept it from being created is what child::async_wait
/// completes with.
///
/// @param ex the operation's executor
/// @param fn the callable
/// @param opts how to run it; options::early does not apply
/// @return the handle
///
/// @par Thread safety
/// As for @ref async_fork.
template <std::invocable F>
child<result_of<F>> spawn_child(boost::asio::any_io_executor ex, F fn, options opts = {}) {
  using R = result_of<F>;
  detail::require_transportable<R>();
  detail::callable_task<F, R> task{std::move(fn)};
  return detail::make_child<R>(std::move(ex), task, std::move(opts));
}

/// Runs a callable in a fresh child process and gives a handle to it.
///
/// The same with the context's own executor.
///
/// @param ctx the context that runs the operation
/// @param fn the callable
/// @param opts how to run it
/// @return the handle
template <class ExecutionContext, std::invocable F>
  requires std::convertible_to<ExecutionContext&, boost::asio::execution_context&>
child<result_of<F>> spawn_child(ExecutionContext& ctx, F fn, options opts = {}) {
  return isolatte::spawn_child(boost::asio::any_io_executor{ctx.get_executor()}, std::move(fn),
                               std::move(opts));
}

}  // namespace isolatte

#endif
