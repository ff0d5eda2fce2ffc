// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_FORK_SERVER_HPP
#define ISOLATTE_FORK_SERVER_HPP

#include <isolatte/call.hpp>
#include <isolatte/child.hpp>
#include <isolatte/config.hpp>
#include <isolatte/detail/operation/initiate.hpp>
#include <isolatte/detail/operation/operation.hpp>
#include <isolatte/detail/task/remote_call.hpp>
#include <isolatte/options.hpp>
#include <isolatte/outcome.hpp>
#include <isolatte/sandbox.hpp>
#include <isolatte/startup_call.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

namespace isolatte::inline v0_1 {

/// How a @ref fork_server works; an aggregate for designated initialisers, every member with a
/// default.
struct fork_server_options {
  /// The number of processes that children are forked from: one for each that can be kept busy,
  /// since a process forks one child at a time. The server asks the one that has the least to do.
  /// The others are forked from the one that has run @ref preload, once it stands ready, and share
  /// its memory with it. They serve while it has to be made again.
  /// 0 is an exception of the constructor's (`invalid_argument`).
  std::size_t templates = 1;
  /// The server runs this call once, before it forks its first child. Every child starts with the
  /// state that the call has made, in memory that it shares with the server until it writes to it:
  /// a loaded model, rules, an interpreter. Jobs reach that state as they reach any global.
  ///
  /// Operations wait for the call, and can be cancelled meanwhile; their timeout begins with their
  /// child. The call runs in the server, before the server enters its sandbox. Its stdin and stdout
  /// are the null device. If it throws, faults or exits, the operations that wait complete with
  /// error::preload_failed, and with its exception, its fault and the end of its stderr. The next
  /// operation starts it again, but not at once after several failures. A server that has died is
  /// made again, and runs the call again. If somebody kills the server during the call, the
  /// operations that wait complete with error::server_died.
  ///
  /// The constructor makes a second process, which stays a copy of the program as it was then. Each
  /// server that runs the call is forked from that, with the users that the program had: threads,
  /// locks and secrets that the program has later are in none. If somebody has killed that process,
  /// too, the next one is a copy of the program as it is.
  ///
  /// Everything that the call changes is the state of all children: working directory, umask,
  /// limits, environment, signal handlers. Descriptors that it opens stay open in the children
  /// under their numbers, which are high ones; options::keep cannot name such a number. A file that
  /// is mapped with `MAP_SHARED` may be missing in a sandbox: map it with `MAP_PRIVATE`. Locks have
  /// to be free at the end of the call. Threads that it leaves running are an error, because
  /// children would lack them. Processes that it leaves running end with the server.
  startup_call preload{};
  /// Whether the server moves what @ref preload has made into huge pages, as
  /// @ref collapse_to_huge_pages does. With gigabytes of state a child then starts in little more
  /// than the time that a small process takes. fork_server_stats::huge_bytes tells how much has
  /// been moved.
  bool huge_pages = true;
  /// The sandbox of every child. The server enters it as far as the kernel lets children inherit
  /// it, so that a sandboxed child costs little more than another one. A child whose own options
  /// have a sandbox, too, may do what both allow.
  ///
  /// A server that is made before secrets are loaded is the best place for code that is not
  /// trusted: its children do not have them. A path that does not exist, or a promise that the
  /// system cannot keep, is an exception of the constructor's.
  std::optional<isolatte::sandbox> sandbox{};
};

/// Facts about a @ref fork_server.
struct fork_server_stats {
  /// Whether the server stands ready: it has run fork_server_options::preload, if there is one.
  bool ready = false;
  /// The processes that have been made for children to be forked from:
  /// fork_server_options::templates, and one for each that had to be replaced.
  std::uint64_t starts = 0;
  /// Bytes of the present server that were moved into huge pages.
  std::uint64_t huge_bytes = 0;
};

/// @cond
namespace launch {
class template_group;
}

namespace detail {

/// A fork server without the types of its calls.
class ISOLATTE_VISIBLE server_handle {
  friend std::shared_ptr<launch::template_group> templates_of(const server_handle&) noexcept;

 public:
  ISOLATTE_DECL server_handle(const boost::asio::any_io_executor& executor,
                              fork_server_options opts);
  ISOLATTE_DECL server_handle(server_handle&& other) noexcept;
  ISOLATTE_DECL server_handle& operator=(server_handle&& other) noexcept;
  ISOLATTE_DECL ~server_handle();

  ISOLATTE_DECL int pid() const noexcept;
  ISOLATTE_DECL fork_server_stats stats() const noexcept;
  ISOLATTE_DECL boost::asio::any_io_executor get_executor() const noexcept;
  ISOLATTE_DECL void async_run(const remote_call& call, options&& opts, report_handler handler);
  ISOLATTE_DECL run_handle spawn(const remote_call& call, options&& opts);

 private:
  struct implementation;
  std::unique_ptr<implementation> implementation_;
};

}  // namespace detail
/// @endcond

/// A small process to fork children from.
///
/// `fork` copies the whole program: in a program with gigabytes of memory it takes long, and in one
/// with several threads the copy has one thread, and the locks of all. A fork server is a copy of
/// the program as it was early: make it first thing in `main`, before there are threads and before
/// memory grows. Children forked from it start in the time that a small process takes, however
/// large the program has become, and the program takes no copy-on-write faults.
///
/// The children are the program's own, as those of @ref async_fork are, and watched in the same
/// way. They do not see the program's memory, so what they run has to be transportable: see
/// @ref call. They do not see either what the program has changed of itself since the server was
/// made: its globals, working directory, environment, umask, limits.
///
/// @code
/// int main() {
///   boost::asio::io_context context;
///   isolatte::fork_server server{context};  // first of all
///   // ... threads, gigabytes ...
///   server.async_fork(isolatte::call(parse_file, std::string{"a.xml"}), {.timeout = 2s}, token);
/// }
/// @endcode
///
/// From its first operation on, a server has one child stand ready for the next, while no more than
/// one operation is under way: one more small process, which is a child of the program's, too.
///
/// The next operation replaces a server that has died, by a copy of the program as it is then, or,
/// if there is a fork_server_options::preload, as it was when the server was made. A server that
/// does not answer is killed after ten seconds, one that is stopped after one second: until then
/// neither a timeout nor a cancellation ends what it has been asked for. Handlers of
/// `pthread_atfork` do not run when a server forks.
///
/// A child has the users, groups and capabilities that the program has when the operation is
/// initiated. If the server may not take them on, the outcome is `not_started`.
///
/// In a copy of the program, made by a bare `fork()`, the server starts anew when it is used;
/// operations under way complete there with `operation_aborted`.
///
/// @par Thread safety
/// Distinct objects: safe. Shared objects: async_fork() and stats() may be called from any thread
/// at any time; all else is unsafe.
/// @par Lifetime
/// Must be destroyed before its execution context, as any I/O object. Destroying it kills the
/// server, and what still runs: such operations complete with `operation_aborted`. An idle server
/// does not keep the event loop from running out of work. When the program dies, the server dies.
/// @par Platforms
/// Linux on x86-64 and 64-bit ARM. Elsewhere the operations complete with `function_not_supported`.
///
/// @tparam Executor the type of the executor, whose default completion token the operations have:
/// `boost::asio::use_awaitable_t<>::as_default_on_t<isolatte::fork_server>` is a server whose
/// operations are awaited without naming a token. @ref fork_server is the one for any executor
template <class Executor = boost::asio::any_io_executor>
class basic_fork_server {
  template <class Call>
  using initiation =
      detail::outcome_initiation<&detail::server_handle::async_run, detail::server_handle*,
                                 detail::call_result_t<Call>>;
  template <class Call>
  using signature = detail::outcome_signature<detail::call_result_t<Call>>;
  template <class Call, class Token>
  using result =
      detail::initiated<Token, signature<Call>, initiation<Call>, detail::remote_call, options>;

 public:
  /// The executor's type.
  using executor_type = Executor;

  /// The type of a server with another executor.
  template <class Other>
  struct rebind_executor {
    /// The server's type.
    using other = basic_fork_server<Other>;
  };

  /// Forks the server from the program as it is.
  /// @param ex the executor of the operations
  /// @throws boost::system::system_error when the system refuses
  /// @par Exception safety
  /// Strong guarantee: if this throws, no process is left.
  explicit basic_fork_server(const executor_type& ex) : basic_fork_server{ex, {}} {}

  /// Forks the server from the program as it is.
  /// @param ex the executor of the operations
  /// @param opts how the server works
  /// @throws boost::system::system_error when the system refuses
  /// @par Exception safety
  /// Strong guarantee: if this throws, no process is left.
  basic_fork_server(const executor_type& ex, fork_server_options opts)
      : executor_{ex}, server_{ex, std::move(opts)} {}

  /// Forks the server from the program as it is.
  /// @param ctx the context whose executor the operations run on
  /// @throws boost::system::system_error when the system refuses
  /// @par Exception safety
  /// Strong guarantee: if this throws, no process is left.
  template <detail::execution_context ExecutionContext>
  explicit basic_fork_server(ExecutionContext& ctx)
      : basic_fork_server{executor_type{ctx.get_executor()}} {}

  /// Forks the server from the program as it is.
  /// @param ctx the context whose executor the operations run on
  /// @param opts how the server works
  /// @throws boost::system::system_error when the system refuses
  /// @par Exception safety
  /// Strong guarantee: if this throws, no process is left.
  template <detail::execution_context ExecutionContext>
  basic_fork_server(ExecutionContext& ctx, fork_server_options opts)
      : basic_fork_server{executor_type{ctx.get_executor()}, std::move(opts)} {}

  /// Takes the server of another object, which may then only be destroyed or assigned to.
  /// @param other the object to take from
  basic_fork_server(basic_fork_server&& other) noexcept = default;
  /// Takes the server of another object, which may then only be destroyed or assigned to. The
  /// server held before is destroyed.
  /// @param other the object to take from
  /// @return this object
  basic_fork_server& operator=(basic_fork_server&& other) noexcept = default;
  /// Takes the server of an object with another type of executor, which may then only be destroyed.
  /// @param other the object to take from
  template <class Other>
    requires(!std::same_as<Other, Executor> && std::constructible_from<Executor, const Other&>)
  basic_fork_server(basic_fork_server<Other>&& other)
      : executor_{other.executor_}, server_{std::move(other.server_)} {}

  /// Returns the executor of the operations.
  /// @return the executor given to the constructor
  executor_type get_executor() const noexcept { return executor_; }

  /// Returns the server's process id.
  /// @return the id; 0 from when its death was noticed until there is another
  int pid() const noexcept { return server_.pid(); }

  /// Returns facts about the server, as far as the event loop has learnt them.
  /// @return numbers that need not be of one moment
  /// @par Thread safety
  /// May be called from any thread at any time.
  fork_server_stats stats() const noexcept { return server_.stats(); }

  /// Runs a call in a fresh child of the server's memory, and completes with its outcome.
  ///
  /// The meaning is that of isolatte::async_fork.
  ///
  /// @param fn what to run, made by @ref call
  /// @param opts how to run it; options::keep cannot be @ref all_descriptors
  /// @param token the completion token, with signature
  /// `void(boost::system::error_code, outcome<result_of<Call>>)`; by default that of the executor,
  /// or `boost::asio::deferred`
  /// @return what the token makes of the operation: the result of `boost::asio::async_initiate`
  ///
  /// @par Handler executor
  /// The handler's associated executor, or the server's. The handler is never called inside the
  /// initiating function.
  /// @par Per-operation cancellation
  /// The same as that of isolatte::async_fork.
  /// @par Errors
  /// The errors of isolatte::async_fork; error::unknown_function if the function is in a library
  /// that was loaded after the server was made; error::server_died if the server dies during the
  /// operation, which also ends its children; error::preload_failed.
  /// @par Exception safety
  /// Strong guarantee: if the initiating function throws, nothing is run and the handler is not
  /// called. The function throws `std::bad_alloc`, and any exception of saving the arguments or
  /// moving the handler.
  /// @par Lifetime
  /// Arguments are encoded before this returns, descriptors of the options copied when the
  /// operation is initiated. Streams that are inherited are those at the time at which the child is
  /// made.
  template <class Call, detail::outcome_token<detail::call_result_t<Call>> Token =
                            detail::default_token<Executor>>
  auto async_fork(const Call& fn, options opts = {},
                  Token&& token = detail::default_token<Executor>()) -> result<Call, Token> {
    return boost::asio::async_initiate<Token, signature<Call>>(
        initiation<Call>{&server_}, token, detail::encode_call(fn), std::move(opts));
  }

  /// Runs a call in a fresh child of the server's memory, with default options, and completes with
  /// its outcome.
  ///
  /// @param fn what to run, made by @ref call
  /// @param token the completion token
  /// @return what the token makes of the operation
  template <class Call, detail::outcome_token<detail::call_result_t<Call>> Token>
  auto async_fork(const Call& fn, Token&& token) -> result<Call, Token> {
    return async_fork(fn, options{}, std::forward<Token>(token));
  }

  /// @cond
  const detail::server_handle& handle() const noexcept { return server_; }
  /// @endcond

  /// Runs a call in a fresh child of the server's memory and gives a handle to it.
  ///
  /// The child is made after this returns: child::pid() is 0 until then. A signal that is to end
  /// the child before it is there keeps it from being made; the wait completes with
  /// `operation_aborted`. child::request_stop() and messages reach it when it begins.
  ///
  /// @param fn what to run, made by @ref call; its function may take a `std::stop_token` and a
  /// @ref channel
  /// @param opts how to run it; options::early does not apply, and options::keep cannot be
  /// @ref all_descriptors
  /// @return the handle, a child<R, Out, In> by the function's result and channel; its operations
  /// run on the server's executor
  /// @par Errors
  /// child::async_wait completes with those of async_fork().
  /// @par Exception safety
  /// Strong guarantee: if this throws, nothing is run. The function throws `std::bad_alloc`, and
  /// any exception of saving the arguments.
  template <class Call>
  [[nodiscard]] detail::child_of_call<Call> spawn_child(const Call& fn, options opts = {}) {
    return detail::child_of_call<Call>{
        server_.spawn(detail::encode_call(fn, true), std::move(opts))};
  }

 private:
  template <class>
  friend class basic_fork_server;

  executor_type executor_;
  detail::server_handle server_;
};

/// A small process to fork children from, for any executor.
using fork_server = basic_fork_server<>;

}  // namespace isolatte::inline v0_1

#endif
