// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_FORK_SERVER_HPP
#define ISOLATTE_FORK_SERVER_HPP

#include <isolatte/async_fork.hpp>
#include <isolatte/call.hpp>
#include <isolatte/config.hpp>
#include <isolatte/detail/operation/operation.hpp>
#include <isolatte/detail/task/outcome_handler.hpp>
#include <isolatte/detail/task/remote_call.hpp>
#include <isolatte/options.hpp>
#include <isolatte/outcome.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/execution_context.hpp>

#include <concepts>
#include <memory>
#include <type_traits>
#include <utility>

namespace isolatte {

namespace detail {

/// A fork server without the types of its calls.
class ISOLATTE_VISIBLE server_handle {
 public:
  ISOLATTE_DECL explicit server_handle(boost::asio::any_io_executor executor);
  ISOLATTE_DECL server_handle(server_handle&& other) noexcept;
  ISOLATTE_DECL server_handle& operator=(server_handle&& other) noexcept;
  ISOLATTE_DECL ~server_handle();

  ISOLATTE_DECL int pid() const noexcept;
  ISOLATTE_DECL boost::asio::any_io_executor get_executor() const;
  ISOLATTE_DECL void async_run(const remote_call& call, options opts, report_handler handler);

 private:
  struct implementation;
  std::unique_ptr<implementation> implementation_;
};

}  // namespace detail

/// A small process to fork children from.
///
/// `fork` copies the whole program: in a program with gigabytes of memory it takes long, and in one
/// with several threads the copy has one thread, and the locks of all. A fork server is a copy of
/// the program as it was early: make it first thing in `main`, before there are threads and before
/// memory grows. Children forked from it start in the time that a small process takes, whatever has
/// become of the program, and the program takes no copy-on-write faults.
///
/// The children are the program's own, as those of @ref async_fork are, and watched in the same
/// way. But they do not see the program's memory, so what they run has to travel: see @ref call.
/// Nor do they see what the program has changed of itself since the server was made: its globals,
/// working directory, environment, umask, limits.
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
/// From its first operation on it has one child stand ready for the next, while no more than one
/// operation is under way: one more small process, which is a child of the program's, too.
///
/// A server that has died is replaced by the next operation, by a copy of the program as it is
/// then. One that does not answer is killed after five to ten seconds: until then neither a timeout
/// nor a cancellation ends what it has been asked for. Handlers of `pthread_atfork` do not run when
/// it forks.
///
/// @par Thread safety
/// Distinct objects: safe. Shared objects: @ref async_fork may be called from any thread at any
/// time; all else is unsafe.
/// @par Lifetime
/// Must be destroyed before its execution context, as any I/O object. Destroying it kills the
/// server, and what still runs: such operations complete with `operation_aborted`. An idle server
/// does not keep the event loop from running out of work. When the program dies, the server dies.
/// @par Platforms
/// Linux on x86-64 and 64-bit ARM. Elsewhere the operations complete with `function_not_supported`.
class fork_server {
 public:
  /// The executor's type.
  using executor_type = boost::asio::any_io_executor;

  /// Forks the server from the program as it is.
  /// @param ex what the operations run on
  /// @throws boost::system::system_error when the system refuses
  explicit fork_server(boost::asio::any_io_executor ex) : server_{std::move(ex)} {}

  /// Forks the server from the program as it is.
  /// @param ctx the context whose executor the operations run on
  /// @throws boost::system::system_error when the system refuses
  template <class ExecutionContext>
    requires std::convertible_to<ExecutionContext&, boost::asio::execution_context&>
  explicit fork_server(ExecutionContext& ctx)
      : fork_server{boost::asio::any_io_executor{ctx.get_executor()}} {}

  /// Takes another's server; with the other nothing more can be done than to destroy or assign it.
  /// @param other the server to take
  fork_server(fork_server&& other) noexcept = default;
  /// Takes another's server; the one held before is destroyed.
  /// @param other the server to take
  /// @return this server
  fork_server& operator=(fork_server&& other) noexcept = default;

  /// What the operations run on.
  /// @return the executor given to the constructor
  executor_type get_executor() const { return server_.get_executor(); }

  /// The server's process id.
  /// @return the id; 0 from when its death was noticed until there is another
  int pid() const noexcept { return server_.pid(); }

  /// Runs a call in a fresh child of the server's memory, and completes with its outcome.
  ///
  /// The meaning is that of isolatte::async_fork.
  ///
  /// @param fn what to run, made by @ref call
  /// @param opts how to run it; options::keep cannot be @ref all_descriptors
  /// @param token the completion token, with signature
  /// `void(boost::system::error_code, outcome<result_of<Call>>)`
  /// @return what the token makes of it
  ///
  /// @par Per-operation cancellation
  /// As isolatte::async_fork.
  /// @par Errors
  /// As isolatte::async_fork; error::unknown_function when the function is in a library that
  /// was loaded after the server was made; error::server_died when the server died
  /// meanwhile, which ends what it has forked.
  /// @par Lifetime
  /// Arguments are encoded and descriptors of the options copied before the initiating function
  /// returns. Streams that are inherited are those at the time at which the child is made.
  template <is_call Call, boost::asio::completion_token_for<void(boost::system::error_code,
                                                                 outcome<result_of<Call>>)>
                              Token = boost::asio::deferred_t>
  auto async_fork(Call fn, options opts = {}, Token&& token = {}) {
    using R = result_of<Call>;
    detail::require_transportable<R>();
    return boost::asio::async_initiate<Token, void(boost::system::error_code, outcome<R>)>(
        initiate{this}, token, std::move(fn), std::move(opts));
  }

 private:
  class initiate {
   public:
    using executor_type = fork_server::executor_type;
    explicit initiate(fork_server* self) noexcept : self_{self} {}
    executor_type get_executor() const { return self_->get_executor(); }
    template <class Handler, class Call>
    void operator()(Handler&& handler, const Call& fn, options opts) const {
      self_->server_.async_run(detail::make_remote(fn), std::move(opts),
                               detail::outcome_handler<result_of<Call>, std::decay_t<Handler>>{
                                   std::forward<Handler>(handler)});
    }

   private:
    fork_server* self_;
  };

  detail::server_handle server_;
};

}  // namespace isolatte

#endif
