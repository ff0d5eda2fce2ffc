// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_RESIDENT_HPP
#define ISOLATTE_RESIDENT_HPP

#include <isolatte/call.hpp>
#include <isolatte/child.hpp>
#include <isolatte/config.hpp>
#include <isolatte/detail/operation/initiate.hpp>
#include <isolatte/detail/operation/operation.hpp>
#include <isolatte/detail/task/remote_call.hpp>
#include <isolatte/detail/task/resident_task.hpp>
#include <isolatte/error.hpp>
#include <isolatte/fork_server.hpp>
#include <isolatte/options.hpp>
#include <isolatte/outcome.hpp>
#include <isolatte/pool_options.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/system/error_code.hpp>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace isolatte::inline v0_1 {

/// Whether an isolatte::resident whose process has ended gets another one.
enum class restart {
  /// At once, by the same call: later calls meet a fresh object.
  always,
  /// Not before resident::async_restart: calls complete with error::state_lost until then.
  never,
};

/// How a @ref resident works; an aggregate for designated initialisers, every member with a
/// default.
struct resident_options {
  /// How its process is run, and in which options::sandbox. The object is made before the process
  /// enters that: code that is not trusted has to wait for a call. options::timeout, options::grace
  /// and options::max_result apply to calls whose @ref job_options leave them absent. Text that
  /// options::out and options::err capture is in the outcome of the call that wrote it.
  /// options::early does not apply; options::keep cannot be @ref all_descriptors.
  options child{};
  /// Whether another process follows one that has ended.
  isolatte::restart restart = isolatte::restart::always;
  /// An object that has not been made after this time is given up. Absent: never.
  std::optional<std::chrono::nanoseconds> make_timeout{};
};

/// @cond
namespace detail {

/// A resident without the type of its object.
class ISOLATTE_VISIBLE resident_handle {
 public:
  using wait_handler = boost::asio::any_completion_handler<void(boost::system::error_code)>;

  ISOLATTE_DECL resident_handle(const boost::asio::any_io_executor& executor, remote_call make,
                                resident_options opts);
  ISOLATTE_DECL resident_handle(const server_handle& server, remote_call make,
                                resident_options opts);
  ISOLATTE_DECL resident_handle(resident_handle&& other) noexcept;
  ISOLATTE_DECL resident_handle& operator=(resident_handle&& other) noexcept;
  ISOLATTE_DECL ~resident_handle();

  ISOLATTE_DECL boost::asio::any_io_executor get_executor() const noexcept;
  ISOLATTE_DECL void async_call(const remote_call& call, const job_options& opts,
                                report_handler handler);
  ISOLATTE_DECL run_handle spawn(const remote_call& call, const job_options& opts);
  ISOLATTE_DECL void async_ready(wait_handler handler);
  ISOLATTE_DECL void async_restart(wait_handler handler);
  ISOLATTE_DECL std::uint64_t generation() const noexcept;
  ISOLATTE_DECL int pid() const noexcept;
  ISOLATTE_DECL void stop();

 private:
  struct implementation;
  std::unique_ptr<implementation> implementation_;
};

}  // namespace detail
/// @endcond

/// An object that lives in a process of its own: a plugin, an interpreter, a model, a library with
/// global state.
///
/// A call makes the object there, and calls of functions on it run there, one at a time, in the
/// order of the calls of async_call(). The object keeps its state from one to the next.
///
/// @code
/// isolatte::resident<interpreter> shell{context, isolatte::call(make_interpreter),
///                                       {.child = {.sandbox = isolatte::sandbox::pure()}}};
/// shell.async_call(isolatte::call(&interpreter::run, std::string{"x = 1"}), {.timeout = 2s},
/// token);
/// @endcode
///
/// When the process ends, by a crash or by a timeout, the outcome of the call that ran says how.
/// Calls that waited then complete with error::state_lost, and nothing of them has run: no call
/// meets an object other than the one that it was made for. With restart::always another object is
/// made at once, for later calls.
///
/// If the object cannot be made, since the call throws or its process ends, the calls that wait
/// complete with error::worker_start_failed; their outcomes have the exception. With
/// restart::always the next call has it tried again. An object whose process ends within seconds,
/// before it has had a call, counts as one that could not be made.
///
/// The object is not destroyed: its process ends.
///
/// In a copy of the program, made by a bare `fork()`, calls complete with `operation_aborted`.
///
/// @tparam T the object's type; need not be movable
///
/// @par Thread safety
/// Distinct objects: safe. Shared objects: the operations, generation(), pid() and stop() may be
/// called from any thread at any time; all else is unsafe. A resident that is not launched by a
/// @ref fork_server forks the program from the event loop: see @ref async_fork.
/// @par Lifetime
/// Must be destroyed before its execution context, as any I/O object. Destroying it ends its
/// process. The process keeps the event loop at work until then.
/// @par Platforms
/// The same as for @ref fork_server.
template <class T>
class resident {
  template <class Call>
  using result_t = detail::result_on_t<Call, T>;
  template <class Call>
  using signature = detail::outcome_signature<result_t<Call>>;
  template <class Call>
  using call_initiation = detail::outcome_initiation<&detail::resident_handle::async_call,
                                                     detail::resident_handle*, result_t<Call>>;
  template <class Call, class Token>
  using call_result = detail::initiated<Token, signature<Call>, call_initiation<Call>,
                                        detail::remote_call, job_options>;
  using ready_initiation =
      detail::initiation<&detail::resident_handle::async_ready, detail::resident_handle*, void>;
  using restart_initiation =
      detail::initiation<&detail::resident_handle::async_restart, detail::resident_handle*, void>;
  using wait_signature = void(boost::system::error_code);

 public:
  /// The executor's type.
  using executor_type = boost::asio::any_io_executor;

  /// Has the object made in a process that is forked from the program.
  /// @param where an executor, or an execution context, for the operations
  /// @param make a call of a function without further arguments that returns what the object is
  /// made of; made by @ref call, or a function of which that could make one
  /// @param opts how the resident works
  /// @throws boost::system::system_error for options that make no sense (`invalid_argument`)
  /// @par Exception safety
  /// Strong guarantee: if this throws, no process is left.
  template <detail::executor_or_context Where, class Make>
  resident(Where&& where, Make&& make, resident_options opts = {})
      : handle_{detail::erase_executor(where), encode(std::forward<Make>(make)), std::move(opts)} {}

  /// Has the object made in a child of a fork server, which has to live as long as the object is
  /// to.
  /// @param server the server
  /// @param make as above
  /// @param opts how the resident works
  /// @throws boost::system::system_error for options that make no sense (`invalid_argument`)
  /// @par Exception safety
  /// Strong guarantee: if this throws, no process is left.
  template <class Executor, class Make>
  resident(basic_fork_server<Executor>& server, Make&& make, resident_options opts = {})
      : handle_{server.handle(), encode(std::forward<Make>(make)), std::move(opts)} {}

  /// Takes the object of another resident, which may then only be destroyed or assigned to.
  /// @param other the resident to take from
  resident(resident&& other) noexcept = default;
  /// Takes the object of another resident, which may then only be destroyed or assigned to. The
  /// process held before is ended.
  /// @param other the resident to take from
  /// @return this resident
  resident& operator=(resident&& other) noexcept = default;

  /// Returns the executor of the operations.
  /// @return the executor given to the constructor, or the server's
  executor_type get_executor() const noexcept { return handle_.get_executor(); }

  /// Runs a call on the object, and completes with its outcome.
  ///
  /// @param fn a call whose function takes the object as an lvalue, before the arguments: a
  /// function, a captureless lambda, a member pointer. Before the object it may take a
  /// `std::stop_token` and a
  /// @ref channel; for the latter's messages see @ref on_message
  /// @param opts how to run it; job_options::tenant and key have no effect
  /// @param token the completion token, with signature
  /// `void(boost::system::error_code, outcome<R>)`, where R is the function's decayed result; by
  /// default `boost::asio::deferred`
  /// @return what the token makes of the operation: the result of `boost::asio::async_initiate`
  ///
  /// @par Handler executor
  /// The handler's associated executor, or the resident's. The handler is never called inside the
  /// initiating function.
  /// @par Per-operation cancellation
  /// That of basic_worker_pool::async_run. A call that runs is ended with the process, and the
  /// state is lost, unless the function takes a stop token and obeys.
  /// @par Errors
  /// error::state_lost for a call that waited when the process ended; error::worker_start_failed;
  /// error::unknown_function; error::expired; `operation_aborted` after a cancellation and a stop.
  /// @par Exception safety
  /// Strong guarantee: if the initiating function throws, nothing is run and the handler is not
  /// called.
  template <class Call, detail::outcome_token<result_t<Call>> Token = boost::asio::deferred_t>
  auto async_call(const Call& fn, job_options opts = {}, Token&& token = {})
      -> call_result<Call, Token> {
    return boost::asio::async_initiate<Token, signature<Call>>(
        call_initiation<Call>{&handle_}, token, detail::encode_call_on<T>(fn), std::move(opts));
  }

  /// Runs a call on the object, with default options, and completes with its outcome.
  ///
  /// @param fn what to run
  /// @param token the completion token
  /// @return what the token makes of the operation
  template <class Call, detail::outcome_token<result_t<Call>> Token>
  auto async_call(const Call& fn, Token&& token) -> call_result<Call, Token> {
    return async_call(fn, job_options{}, std::forward<Token>(token));
  }

  /// Runs a call on the object and gives a handle to it, as basic_worker_pool::spawn_job does.
  /// @param fn what to run
  /// @param opts how to run it
  /// @return the handle, a child<R, Out, In> by the function's result and channel
  /// @par Exception safety
  /// Strong guarantee: if this throws, nothing is run.
  template <class Call>
  [[nodiscard]] auto spawn_call(const Call& fn, job_options opts = {}) {
    using channel_type = detail::channel_of<Call>;
    return child<result_t<Call>, detail::out_of<channel_type>, detail::in_of<channel_type>>{
        handle_.spawn(detail::encode_call_on<T>(fn, true), opts)};
  }

  /// Completes when the object stands ready.
  /// @param token the completion token, with signature `void(boost::system::error_code)`
  /// @return what the token makes of the operation: the result of `boost::asio::async_initiate`
  /// @par Per-operation cancellation
  /// `terminal`, `partial` and `total` end the wait alone, with `operation_aborted`.
  /// @par Errors
  /// error::worker_start_failed if the object could not be made; error::state_lost with
  /// restart::never; `operation_aborted` for a cancelled wait and a stopped resident.
  template <boost::asio::completion_token_for<void(boost::system::error_code)> Token =
                boost::asio::deferred_t>
  auto async_ready(Token&& token = {})
      -> detail::initiated<Token, wait_signature, ready_initiation> {
    return boost::asio::async_initiate<Token, wait_signature>(ready_initiation{&handle_}, token);
  }

  /// Ends the process, has another object made, and completes when that stands ready. Calls that
  /// wait complete with error::state_lost, the one that runs with `operation_aborted`; later ones
  /// are for the new object.
  /// @param token the completion token, with signature `void(boost::system::error_code)`
  /// @return what the token makes of the operation: the result of `boost::asio::async_initiate`
  /// @par Per-operation cancellation
  /// `terminal`, `partial` and `total` end the wait alone, with `operation_aborted`.
  /// @par Errors
  /// error::worker_start_failed if the object could not be made; `operation_aborted` for a
  /// cancelled wait and a stopped resident.
  template <boost::asio::completion_token_for<void(boost::system::error_code)> Token =
                boost::asio::deferred_t>
  auto async_restart(Token&& token = {})
      -> detail::initiated<Token, wait_signature, restart_initiation> {
    return boost::asio::async_initiate<Token, wait_signature>(restart_initiation{&handle_}, token);
  }

  /// Returns the number of the object that was ready last, in the order in which processes were
  /// begun for it.
  /// @return the number, from 1; 0 before the first is ready
  std::uint64_t generation() const noexcept { return handle_.generation(); }

  /// Returns the id of the process.
  /// @return the id; 0 if no object is ready
  int pid() const noexcept { return handle_.pid(); }

  /// Ends the process. All calls, and those that come later, complete with `operation_aborted`;
  /// then the event loop can run out of work.
  /// @par Exception safety
  /// Basic guarantee: `std::bad_alloc`.
  void stop() { handle_.stop(); }

 private:
  template <class Make>
  static detail::remote_call encode(Make&& make) {
    if constexpr (is_call<Make>) {
      using call = std::remove_cvref_t<Make>;
      constexpr bool makes = [] {
        if constexpr (std::invocable<call>)
          return std::constructible_from<T, std::invoke_result_t<call>> ||
                 std::same_as<T, std::invoke_result_t<call>>;
        else
          return false;
      }();
      static_assert(makes,
                    "isolatte: the resident's object cannot be made of what the call returns");
      if constexpr (makes)
        return detail::make_object_call<T>(make);
      else
        return {};
    } else {
      return encode(isolatte::call(std::forward<Make>(make)));
    }
  }

  detail::resident_handle handle_;
};

}  // namespace isolatte::inline v0_1

#endif
