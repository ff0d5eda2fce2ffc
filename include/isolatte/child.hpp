// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_CHILD_HPP
#define ISOLATTE_CHILD_HPP

#include <isolatte/call.hpp>
#include <isolatte/channel.hpp>
#include <isolatte/config.hpp>
#include <isolatte/detail/operation/initiate.hpp>
#include <isolatte/detail/operation/messages.hpp>
#include <isolatte/detail/operation/operation.hpp>
#include <isolatte/detail/task/callable_task.hpp>
#include <isolatte/detail/task/message.hpp>
#include <isolatte/detail/task/talking.hpp>
#include <isolatte/error.hpp>
#include <isolatte/on_message.hpp>
#include <isolatte/options.hpp>
#include <isolatte/outcome.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/system/error_code.hpp>

#include <type_traits>
#include <utility>

namespace isolatte::inline v0_1 {

/// A handle to a running child or job, made by @ref spawn_child, basic_fork_server::spawn_child or
/// basic_worker_pool::spawn_job.
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
/// A job of a pool has no process of its own: pid() is that of its worker, 0 as long as it has
/// none, and interrupt(), request_exit() and terminate() do what the cancellation of
/// basic_worker_pool::async_run does; the wait then completes with `operation_aborted`. suspend()
/// and resume() are `operation_not_supported` there. A child of a fork server that is not made yet
/// has the number 0, too, and a signal that is to end it keeps it from being made.
///
/// @tparam R the callable's decayed result, or void
/// @tparam Out what the job posts to its @ref channel, or void
/// @tparam In what the program sends to the job, or void
///
/// @par Exception safety
/// Members except those that begin with async_ are noexcept.
/// @par Thread safety
/// Distinct objects: safe, also while other threads run the executor. Shared objects: unsafe.
/// @par Lifetime
/// Must be destroyed before its execution context, as any I/O object.
template <class R, class Out = void, class In = void>
class [[nodiscard]] child {
  using initiation = detail::outcome_initiation<&detail::wait_for, detail::run_handle*, R>;
  static constexpr bool hears = !std::is_void_v<Out>;
  static constexpr bool speaks = !std::is_void_v<In>;
  using heard = std::conditional_t<hears, Out, detail::no_message>;
  using spoken = std::conditional_t<speaks, In, detail::no_message>;

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
    return run_.signal(detail::run_request::interrupt);
  }
  /// Sends SIGTERM to the child's tree. A child that has ended is left alone.
  /// @return what kept the signal from being sent; error::no_child if the handle is empty
  boost::system::error_code request_exit() noexcept {
    return run_.signal(detail::run_request::request_exit);
  }
  /// Sends SIGKILL to the child's tree. A child that has ended is left alone.
  /// @return what kept the signal from being sent; error::no_child if the handle is empty
  boost::system::error_code terminate() noexcept {
    return run_.signal(detail::run_request::terminate);
  }
  /// Stops the child's tree by SIGSTOP. The child's timeout goes on.
  /// @return what kept the signal from being sent; error::no_child if the handle is empty
  boost::system::error_code suspend() noexcept { return run_.signal(detail::run_request::suspend); }
  /// Continues the child's tree by SIGCONT.
  /// @return what kept the signal from being sent; error::no_child if the handle is empty
  boost::system::error_code resume() noexcept { return run_.signal(detail::run_request::resume); }

  /// Asks the callable to stop, by the `std::stop_token` that it takes. The callable may go on for
  /// as long as it likes: see @ref terminate. A callable that has ended is left alone.
  /// @return `operation_not_supported` if the callable takes no token; error::no_child if the
  /// handle is empty; the error for which the child could not be created
  boost::system::error_code request_stop() noexcept { return run_.request_stop(); }

  /// Receives the next message that the job posts to its @ref channel.
  ///
  /// @param token the completion token, with signature `void(boost::system::error_code, Out)`; @p
  /// Out is default-constructed with an error
  /// @return what the token makes of the operation: the result of `boost::asio::async_initiate`
  /// @throws boost::system::system_error with error::no_child if the handle is empty
  ///
  /// @par Handler executor
  /// The handler's associated executor, or that given to @ref spawn_child.
  /// @par Per-operation cancellation
  /// `terminal`, `partial` and `total` end this receive alone, with `operation_aborted`; no message
  /// is lost.
  /// @par Errors
  /// `boost::asio::error::eof` after the last message, however the job has ended;
  /// error::already_waiting while another receive is pending; error::bad_message if the message
  /// cannot be read back, which ends the job, or has done so before; `operation_aborted` after a
  /// cancellation and when the handle is destroyed; the error for which the child could not be
  /// created.
  /// @par Exception safety
  /// Strong guarantee: if the initiating function throws, the handler is not called, and no message
  /// is lost.
  template <boost::asio::completion_token_for<detail::message_signature<heard>> Token =
                boost::asio::deferred_t>
    requires hears
  auto async_receive(Token&& token = {})
      -> detail::initiated<Token, detail::message_signature<heard>,
                           detail::receive_initiation<heard>> {
    static_assert(
        std::is_default_constructible_v<heard>,
        "isolatte: async_receive() gives a default-constructed message with an error: the "
        "channel's type needs a default constructor");
    detail::require_child(run_);
    return boost::asio::async_initiate<Token, detail::message_signature<heard>>(
        detail::receive_initiation<heard>{&run_}, token);
  }

  /// Sends a message to the job, which receives it from its @ref channel.
  ///
  /// Completes when the message is on its way: the job has room for it in options::message_window.
  /// Several messages may be sent at once; they arrive in the order of the calls.
  ///
  /// @param message what to send; saved before this returns
  /// @param token the completion token, with signature `void(boost::system::error_code)`
  /// @return what the token makes of the operation: the result of `boost::asio::async_initiate`
  /// @throws boost::system::system_error with error::no_child if the handle is empty
  ///
  /// @par Handler executor
  /// The handler's associated executor, or that given to @ref spawn_child.
  /// @par Per-operation cancellation
  /// `terminal`, `partial` and `total` end the operation with `operation_aborted`, and the message
  /// is not sent; a message that is partly on its way is sent all the same, without an error.
  /// @par Errors
  /// `boost::asio::error::broken_pipe` if the job ends before the message is on its way;
  /// `operation_aborted` after a cancellation and when the handle is destroyed; the error for which
  /// the child could not be created.
  /// @par Exception safety
  /// Strong guarantee: if the initiating function throws, the handler is not called, and nothing is
  /// sent. The function throws what saving the message throws.
  template <
      boost::asio::completion_token_for<detail::sent_signature> Token = boost::asio::deferred_t>
    requires speaks
  auto async_send(const spoken& message, Token&& token = {})
      -> detail::initiated<Token, detail::sent_signature, detail::send_initiation,
                           detail::byte_buffer> {
    detail::require_child(run_);
    return boost::asio::async_initiate<Token, detail::sent_signature>(
        detail::send_initiation{&run_}, token, detail::encode_message(message));
  }

  /// Says that no more messages will be sent: channel::receive gives nothing after the last one.
  /// Later sends complete with `boost::asio::error::broken_pipe`. Without effect if the handle is
  /// empty.
  void close_input() noexcept
    requires speaks
  {
    run_.close_input();
  }

  /// Takes no more messages: channel::post returns false, also one that waits for room. Messages
  /// that have not been received are dropped, and receives complete with `boost::asio::error::eof`.
  /// Without effect if the handle is empty.
  void close_output() noexcept
    requires hears
  {
    run_.close_output();
  }

  /// Waits for the child's end. Messages that have not been received do not keep the wait from
  /// completing, and can be received afterwards.
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

/// @cond
namespace detail {

/// The handle to a job that runs a callable.
template <class F>
using child_of = child<result_of<F>, out_of<channel_of<F>>, in_of<channel_of<F>>>;

/// The same for a call, or for what is none and is refused elsewhere, in words.
template <class Call>
using child_of_call = child<call_result_t<Call>, out_of<channel_of<Call>>, in_of<channel_of<Call>>>;

}  // namespace detail
/// @endcond

/// Runs a callable in a fresh child process and gives a handle to it.
///
/// The child exists when this returns. If the child could not be created, child::async_wait
/// completes with the error.
///
/// @param where an executor, or an execution context, for the handle's operations
/// @param fn the callable. The callable may take a `std::stop_token` and a @ref channel
/// @param opts how to run it; options::early does not apply
/// @return the handle, a child<R, Out, In> by the callable's result and channel
///
/// @par Exception safety
/// Strong guarantee: if this throws, no child is left. The function throws `std::bad_alloc`, and
/// any exception of moving the callable.
/// @par Thread safety
/// The same as for @ref async_fork.
template <detail::executor_or_context Where, detail::runnable F>
[[nodiscard]] detail::child_of<F> spawn_child(Where&& where, F fn, options opts = {}) {
  detail::require_transportable<result_of<F>>();
  detail::talk_wish wish = detail::wish_of(fn, true);
  detail::callable_task<F> task{std::move(fn)};
  return detail::child_of<F>{
      detail::spawn(detail::erase_executor(where), task, std::move(opts), std::move(wish))};
}

}  // namespace isolatte::inline v0_1

#endif
