// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_CHILD_HPP
#define ISOLATTE_CHILD_HPP

#include <isolatte/config.hpp>
#include <isolatte/detail/operation/initiate.hpp>
#include <isolatte/detail/operation/operation.hpp>
#include <isolatte/detail/task/callable_task.hpp>
#include <isolatte/error.hpp>
#include <isolatte/options.hpp>
#include <isolatte/outcome.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/system/error_code.hpp>

#include <concepts>
#include <utility>

namespace isolatte::inline v0_1 {

/// A handle to a running child, made by @ref spawn_child.
///
/// @code
/// isolatte::child<int> one = isolatte::spawn_child(context, count_words);
/// one.async_wait([](boost::system::error_code, isolatte::outcome<int> what) { show(what); });
/// if (user_is_tired()) one.request_exit();
/// @endcode
///
/// Destroying it kills and reaps the child with its whole tree, and blocks for no longer than the
/// kill takes; a wait that was pending completes with `operation_aborted`.
///
/// In a copy of the program, made by a bare `fork()`, the handle has no child: pid() is 0, signals
/// fail with `no_such_process`, and nothing of the original's is killed or waited for.
///
/// @tparam R the callable's decayed result, or void
///
/// @par Exception safety
/// Members except @ref async_wait are noexcept.
/// @par Thread safety
/// Distinct objects: safe, also while other threads run the executor. Shared objects: unsafe.
/// @par Lifetime
/// Must be destroyed before its execution context, as any I/O object.
template <class R>
class [[nodiscard]] child {
  using initiation = detail::outcome_initiation<&detail::wait_for, detail::run_handle*, R>;

 public:
  /// The executor's type.
  using executor_type = boost::asio::any_io_executor;

  /// Makes an empty handle.
  child() noexcept = default;

  /// @cond
  explicit child(detail::run_handle run) noexcept : run_{std::move(run)} {}
  /// @endcond

  /// Takes the child of another handle.
  /// @param other the handle to empty
  child(child&& other) noexcept = default;
  /// Takes the child of another handle; the one held before is killed and reaped.
  /// @param other the handle to empty
  /// @return this handle
  child& operator=(child&& other) noexcept = default;

  /// Returns the executor that the child's operations run on.
  /// @return the executor given to @ref spawn_child; no executor if the handle is empty
  executor_type get_executor() const noexcept { return run_.get_executor(); }

  /// Returns the process id.
  /// @return the id, also after the child's end; 0 if no child could be created
  int pid() const noexcept { return run_.pid(); }

  /// Tells whether the child has neither ended nor been reaped.
  /// @return true while it runs or is suspended
  bool running() const noexcept { return run_.running(); }

  /// Sends SIGINT to the child's tree. A child that has ended is left alone.
  /// @return what kept the signal from being sent; error::no_child if the handle is empty
  boost::system::error_code interrupt() noexcept {
    return run_.signal(detail::run_handle::request::interrupt);
  }
  /// Sends SIGTERM to the child's tree. A child that has ended is left alone.
  /// @return what kept the signal from being sent; error::no_child if the handle is empty
  boost::system::error_code request_exit() noexcept {
    return run_.signal(detail::run_handle::request::request_exit);
  }
  /// Sends SIGKILL to the child's tree. A child that has ended is left alone.
  /// @return what kept the signal from being sent; error::no_child if the handle is empty
  boost::system::error_code terminate() noexcept {
    return run_.signal(detail::run_handle::request::terminate);
  }
  /// Stops the child's tree by SIGSTOP. The child's timeout goes on.
  /// @return what kept the signal from being sent; error::no_child if the handle is empty
  boost::system::error_code suspend() noexcept {
    return run_.signal(detail::run_handle::request::suspend);
  }
  /// Continues the child's tree by SIGCONT.
  /// @return what kept the signal from being sent; error::no_child if the handle is empty
  boost::system::error_code resume() noexcept {
    return run_.signal(detail::run_handle::request::resume);
  }

  /// Waits for the child's end.
  ///
  /// @param token the completion token, with signature
  /// `void(boost::system::error_code, outcome<R>)`
  /// @return what the token makes of the operation: the result of `boost::asio::async_initiate`
  /// @throws boost::system::system_error with error::no_child if the handle is empty: there is no
  /// executor that the operation could complete on
  ///
  /// @par Handler executor
  /// The handler's associated executor, or that given to @ref spawn_child.
  /// @par Per-operation cancellation
  /// `terminal`, `partial` and `total` end the wait alone, with `operation_aborted` and an empty
  /// outcome; the child lives, and may be waited for again.
  /// @par Errors
  /// The error for which the child could not be created; `operation_aborted` after a cancellation;
  /// error::already_waiting while another wait is pending; error::already_delivered after the
  /// outcome has been handed out.
  /// @par Exception safety
  /// Strong guarantee: if the initiating function throws, the handler is not called.
  template <detail::outcome_token<R> Token = boost::asio::deferred_t>
  auto async_wait(Token&& token = {})
      -> detail::initiated<Token, detail::outcome_signature<R>, initiation> {
    detail::require_child(run_);
    return boost::asio::async_initiate<Token, detail::outcome_signature<R>>(initiation{&run_},
                                                                            token);
  }

 private:
  detail::run_handle run_;
};

/// Runs a callable in a fresh child process and gives a handle to it.
///
/// The child exists when this returns. If the child could not be created, child::async_wait
/// completes with the error.
///
/// @param where an executor, or an execution context, for the handle's operations
/// @param fn the callable
/// @param opts how to run it; options::early does not apply
/// @return the handle
///
/// @par Exception safety
/// Strong guarantee: if this throws, no child is left. The function throws `std::bad_alloc`, and
/// any exception of moving the callable.
/// @par Thread safety
/// The same as for @ref async_fork.
template <detail::executor_or_context Where, std::invocable F>
[[nodiscard]] child<result_of<F>> spawn_child(Where&& where, F fn, options opts = {}) {
  using R = result_of<F>;
  detail::require_transportable<R>();
  detail::callable_task<F> task{std::move(fn)};
  return child<R>{detail::run_handle{detail::erase_executor(where), task, std::move(opts)}};
}

}  // namespace isolatte::inline v0_1

#endif
