// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_WORKER_POOL_HPP
#define ISOLATTE_WORKER_POOL_HPP

#include <isolatte/call.hpp>
#include <isolatte/child.hpp>
#include <isolatte/config.hpp>
#include <isolatte/detail/operation/initiate.hpp>
#include <isolatte/detail/operation/map_jobs.hpp>
#include <isolatte/detail/operation/operation.hpp>
#include <isolatte/detail/operation/relayed_job.hpp>
#include <isolatte/detail/task/remote_call.hpp>
#include <isolatte/options.hpp>
#include <isolatte/outcome.hpp>
#include <isolatte/pool_options.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/errc.hpp>
#include <boost/system/error_code.hpp>

#include <concepts>
#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

namespace isolatte::inline v0_1 {

/// @cond
namespace detail {

/// A pool without the types of its jobs.
class ISOLATTE_VISIBLE pool_handle {
 public:
  using wait_handler = boost::asio::any_completion_handler<void(boost::system::error_code)>;

  ISOLATTE_DECL pool_handle(const boost::asio::any_io_executor& executor, pool_options opts);
  ISOLATTE_DECL pool_handle(pool_handle&& other) noexcept;
  ISOLATTE_DECL pool_handle& operator=(pool_handle&& other) noexcept;
  ISOLATTE_DECL ~pool_handle();

  ISOLATTE_DECL boost::asio::any_io_executor get_executor() const noexcept;
  ISOLATTE_DECL std::size_t concurrency() const noexcept;
  ISOLATTE_DECL void async_run(const remote_call& call, const job_options& opts,
                               report_handler handler);
  /// Has messages taken on an executor that those of other jobs are taken on, too.
  ISOLATTE_DECL void async_run_on(const boost::asio::any_io_executor& messages,
                                  const remote_call& call, const job_options& opts,
                                  report_handler handler);
  ISOLATTE_DECL run_handle spawn(const remote_call& call, const job_options& opts);
  /// @param witness lives until the handler has been called
  ISOLATTE_DECL std::shared_ptr<relayed_job> relay(const remote_call& call, const job_options& opts,
                                                   std::shared_ptr<job_witness> witness,
                                                   report_handler handler);
  ISOLATTE_DECL void async_drain(wait_handler handler);
  ISOLATTE_DECL void async_recycle(wait_handler handler);
  ISOLATTE_DECL void async_ready(wait_handler handler);
  ISOLATTE_DECL void async_resize(std::size_t workers, wait_handler handler);
  ISOLATTE_DECL void async_run_everywhere(const remote_call& call, const job_options& opts,
                                          reports_handler handler);
  ISOLATTE_DECL outcome<void> last_start_failure() const;
  ISOLATTE_DECL void resume();
  /// @return as long as it lives no drain completes, though no job may be there
  ISOLATTE_DECL std::shared_ptr<void> promise_jobs();
  ISOLATTE_DECL void stop();
  ISOLATTE_DECL pool_stats stats() const;

 private:
  struct implementation;
  std::unique_ptr<implementation> implementation_;
};

/// Gives the handle of a pool to parts of the library that know no executor's type.
struct pool_access {
  template <class Pool>
  static pool_handle& handle_of(Pool& pool) noexcept {
    return pool.pool_;
  }
};

}  // namespace detail
/// @endcond

/// Warm processes that run one job after another.
///
/// A job costs two messages instead of a process. The end of a worker (by a crash, a timeout, a
/// cancellation) costs the one job that the worker had begun; other workers do those that waited
/// for it, each once, and another worker takes its place. A fork server of the pool's own, which is
/// made when the pool is, forks the workers: so a pool is safe in a program with several threads.
///
/// @code
/// isolatte::worker_pool pool{context, {.workers = 4, .worker = {.err = isolatte::capture{}}}};
/// pool.async_run(isolatte::call(parse_file, std::string{"a.xml"}), {.timeout = 2s}, token);
/// @endcode
///
/// A job finds what earlier ones left in its worker: leaked memory, globals, open descriptors,
/// signal handlers, a changed directory. pool_options::max_jobs_per_worker of 1 gives every job a
/// fresh process, made ahead of need; pool_options::max_worker_memory replaces a worker that has
/// grown.
///
/// In a copy of the program, made by a bare `fork()`, jobs and waits complete with
/// `operation_aborted`, and the pool starts other workers when it gets a job.
///
/// @par Thread safety
/// Distinct objects: safe. Shared objects: the operations, last_start_failure(), resume(), stop(),
/// stats() and concurrency() may be called from any thread at any time; all else is unsafe.
/// @par Lifetime
/// Must be destroyed before its execution context, as any I/O object. Destroying a pool stops it.
/// Workers keep the event loop at work until the pool is stopped.
/// @par Platforms
/// The same as for @ref fork_server.
///
/// @tparam Executor the type of the executor, whose default completion token the operations have:
/// `boost::asio::use_awaitable_t<>::as_default_on_t<isolatte::worker_pool>` is a pool whose
/// operations are awaited without naming a token. @ref worker_pool is the one for any executor
template <class Executor = boost::asio::any_io_executor>
class basic_worker_pool {
  template <class Call>
  using run_initiation =
      detail::outcome_initiation<&detail::pool_handle::async_run, detail::pool_handle*,
                                 detail::call_result_t<Call>>;
  template <class Call>
  using run_signature = detail::outcome_signature<detail::call_result_t<Call>>;
  template <class Call, class Token>
  using run_result = detail::initiated<Token, run_signature<Call>, run_initiation<Call>,
                                       detail::remote_call, job_options>;

  using drain_initiation =
      detail::initiation<&detail::pool_handle::async_drain, detail::pool_handle*, void>;
  using recycle_initiation =
      detail::initiation<&detail::pool_handle::async_recycle, detail::pool_handle*, void>;
  using ready_initiation =
      detail::initiation<&detail::pool_handle::async_ready, detail::pool_handle*, void>;
  using resize_initiation =
      detail::initiation<&detail::pool_handle::async_resize, detail::pool_handle*, void>;
  using wait_signature = void(boost::system::error_code);
  template <class Call>
  using everywhere_signature = void(boost::system::error_code,
                                    std::vector<outcome<detail::call_result_t<Call>>>);
  template <class Call>
  using everywhere_initiation =
      detail::initiation<&detail::pool_handle::async_run_everywhere, detail::pool_handle*,
                         detail::deliver_all_outcomes<detail::call_result_t<Call>>>;
  template <class Call, class Token>
  using everywhere_result =
      detail::initiated<Token, everywhere_signature<Call>, everywhere_initiation<Call>,
                        detail::remote_call, job_options>;

 public:
  /// The executor's type.
  using executor_type = Executor;

  /// The type of a pool with another executor.
  template <class Other>
  struct rebind_executor {
    /// The pool's type.
    using other = basic_worker_pool<Other>;
  };

  /// Makes the pool's fork server; the workers are started by the event loop.
  /// @param ex the executor of the operations
  /// @param opts how the pool works
  /// @throws boost::system::system_error when the system refuses
  /// @par Exception safety
  /// Strong guarantee: if this throws, no process is left.
  explicit basic_worker_pool(const executor_type& ex, pool_options opts = {})
      : executor_{ex}, pool_{ex, std::move(opts)} {}

  /// Makes the pool's fork server; the workers are started by the event loop.
  /// @param ctx the context whose executor the operations run on
  /// @param opts how the pool works
  /// @throws boost::system::system_error when the system refuses
  /// @par Exception safety
  /// Strong guarantee: if this throws, no process is left.
  template <detail::execution_context ExecutionContext>
  explicit basic_worker_pool(ExecutionContext& ctx, pool_options opts = {})
      : basic_worker_pool{executor_type{ctx.get_executor()}, std::move(opts)} {}

  /// Takes the workers of another object, which may then only be destroyed or assigned to.
  /// @param other the object to take from
  basic_worker_pool(basic_worker_pool&& other) noexcept = default;
  /// Takes the workers of another object, which may then only be destroyed or assigned to. The pool
  /// held before is stopped.
  /// @param other the object to take from
  /// @return this object
  basic_worker_pool& operator=(basic_worker_pool&& other) noexcept = default;
  /// Takes the workers of an object with another type of executor, which may then only be
  /// destroyed.
  /// @param other the object to take from
  template <class Other>
    requires(!std::same_as<Other, Executor> && std::constructible_from<Executor, const Other&>)
  basic_worker_pool(basic_worker_pool<Other>&& other)
      : executor_{other.executor_}, pool_{std::move(other.pool_)} {}

  /// Returns the executor of the operations.
  /// @return the executor given to the constructor
  executor_type get_executor() const noexcept { return executor_; }

  /// Returns how many jobs run at once.
  /// @return pool_options::workers, or what stands for it, or what async_resize() has set
  std::size_t concurrency() const noexcept { return pool_.concurrency(); }

  /// Runs a call in a worker and completes with its outcome.
  ///
  /// The meaning is that of @ref isolatte::async_fork, except that the process goes on to live.
  /// outcome_base::pid is the worker's, outcome_base::usage what the job has used of it, and what
  /// was captured is what the job has written.
  ///
  /// @param fn what to run, made by @ref call
  /// @param opts how to run it
  /// @param token the completion token, with signature
  /// `void(boost::system::error_code, outcome<result_of<Call>>)`; by default that of the executor,
  /// or `boost::asio::deferred`
  /// @return what the token makes of the operation: the result of `boost::asio::async_initiate`
  ///
  /// @par Handler executor
  /// The handler's associated executor, or the pool's. The handler is never called inside the
  /// initiating function.
  /// @par Per-operation cancellation
  /// A job that no worker has begun with is taken back: ending::not_started, and no worker notices.
  /// One that runs costs its worker, as by isolatte::async_fork: `terminal` sends SIGKILL,
  /// `partial` SIGTERM and `total` SIGINT, with SIGKILL job_options::grace later. A function that
  /// takes a `std::stop_token` is asked by that in place of the polite signals, and one that obeys
  /// leaves its worker as it is.
  /// @par Errors
  /// `operation_aborted` for a cancelled job and a stopped pool; error::queue_full;
  /// error::expired; error::worker_start_failed if the pool has given up; error::unknown_function;
  /// what kept the system from making any worker.
  /// @par Exception safety
  /// Strong guarantee: if the initiating function throws, nothing is run and the handler is not
  /// called. The function throws `std::bad_alloc`, and any exception of saving the arguments or
  /// moving the handler.
  template <class Call, detail::outcome_token<detail::call_result_t<Call>> Token =
                            detail::default_token<Executor>>
  auto async_run(const Call& fn, job_options opts = {},
                 Token&& token = detail::default_token<Executor>()) -> run_result<Call, Token> {
    return boost::asio::async_initiate<Token, run_signature<Call>>(
        run_initiation<Call>{&pool_}, token, detail::encode_call(fn), std::move(opts));
  }

  /// Runs a call in a worker, with default options, and completes with its outcome.
  ///
  /// @param fn what to run, made by @ref call
  /// @param token the completion token
  /// @return what the token makes of the operation
  template <class Call, detail::outcome_token<detail::call_result_t<Call>> Token>
  auto async_run(const Call& fn, Token&& token) -> run_result<Call, Token> {
    return async_run(fn, job_options{}, std::forward<Token>(token));
  }

  /// Runs a call in a worker and gives a handle to the job.
  ///
  /// The job is that of async_run(). child::request_stop() and messages reach it when a worker
  /// begins it, and never another job; a job that obeys leaves its worker warm. Destroying the
  /// handle cancels the job, which costs its worker if the job has begun.
  ///
  /// @param fn what to run, made by @ref call; its function may take a `std::stop_token` and a
  /// @ref channel
  /// @param opts how to run it
  /// @return the handle, a child<R, Out, In> by the function's result and channel; its operations
  /// run on the pool's executor
  /// @par Errors
  /// child::async_wait completes with those of async_run().
  /// @par Exception safety
  /// Strong guarantee: if this throws, nothing is run. The function throws `std::bad_alloc`, and
  /// any exception of saving the arguments.
  /// @par Thread safety
  /// May be called from any thread at any time.
  template <class Call>
  [[nodiscard]] detail::child_of_call<Call> spawn_job(const Call& fn, job_options opts = {}) {
    return detail::child_of_call<Call>{pool_.spawn(detail::encode_call(fn, true), opts)};
  }

  /// Completes when no job is left, neither running nor waiting, and no map over this pool has jobs
  /// to give.
  ///
  /// @param token the completion token, with signature `void(boost::system::error_code)`; by
  /// default that of the executor, or `boost::asio::deferred`
  /// @return what the token makes of the operation: the result of `boost::asio::async_initiate`
  ///
  /// @par Handler executor
  /// The handler's associated executor, or the pool's. The handler is never called inside the
  /// initiating function.
  /// @par Per-operation cancellation
  /// `terminal`, `partial` and `total` end the wait alone, with `operation_aborted`.
  /// @par Errors
  /// `operation_aborted` for a cancelled wait. A pool that is stopped is drained, too, once its
  /// workers are gone: no error.
  /// @par Exception safety
  /// Strong guarantee: if the initiating function throws, the handler is not called.
  template <boost::asio::completion_token_for<void(boost::system::error_code)> Token =
                detail::default_token<Executor>>
  auto async_drain(Token&& token = detail::default_token<Executor>())
      -> detail::initiated<Token, wait_signature, drain_initiation> {
    return boost::asio::async_initiate<Token, wait_signature>(drain_initiation{&pool_}, token);
  }

  /// Replaces all workers without a gap, and completes when no worker of before takes jobs, and one
  /// with the new data is ready if the pool wants any.
  ///
  /// The pool makes a fresh fork server first, as a copy of the program as it is now, which runs
  /// pool_options::preload again: with new data. Then it replaces the workers one after the other.
  /// Each takes jobs until its replacement is ready, and does what it has begun; a long job holds
  /// up the replacement of its own worker alone. A worker that is not ready when the fresh server
  /// is, because its preload or its initializer hangs for example, is ended at once.
  ///
  /// If the preload fails, the workers stay as they are. If the replacements do not start, as often
  /// as worker_startup::give_up_after says, the workers that have not been replaced stay, and
  /// workers that are started later have the data of before. A pool in which no worker with that
  /// data has been ready gives up.
  ///
  /// The copy is made while other threads of the program run: a lock that one of them holds then,
  /// of the C library for example, stops the new server's preload. Call this while they rest, or
  /// give the data to jobs in another way.
  ///
  /// @param token the completion token, with signature `void(boost::system::error_code)`; by
  /// default that of the executor, or `boost::asio::deferred`
  /// @return what the token makes of the operation: the result of `boost::asio::async_initiate`
  ///
  /// @par Handler executor
  /// The handler's associated executor, or the pool's. The handler is never called inside the
  /// initiating function.
  /// @par Per-operation cancellation
  /// `terminal`, `partial` and `total` end the wait with `operation_aborted`, and a fresh server
  /// that is not ready. Once workers are being replaced, the rest of them is, too.
  /// @par Errors
  /// error::preload_failed, and what keeps the system from making the server;
  /// error::worker_start_failed if the replacements do not start, or the pool has given up;
  /// `operation_aborted` for a cancelled wait and a stopped pool.
  /// @par Exception safety
  /// Strong guarantee: if the initiating function throws, nothing is replaced, and the handler is
  /// not called.
  /// @par Thread safety
  /// May be called from any thread at any time. Every call makes a fork server; the workers come
  /// from that of the last call.
  template <boost::asio::completion_token_for<void(boost::system::error_code)> Token =
                detail::default_token<Executor>>
  auto async_recycle(Token&& token = detail::default_token<Executor>())
      -> detail::initiated<Token, wait_signature, recycle_initiation> {
    return boost::asio::async_initiate<Token, wait_signature>(recycle_initiation{&pool_}, token);
  }

  /// Completes when all workers that there should be can take jobs.
  ///
  /// In a pool whose workers come with the jobs, by pool_options::idle_timeout or min_workers,
  /// those are as many as stay without jobs.
  ///
  /// @param token the completion token, with signature `void(boost::system::error_code)`; by
  /// default that of the executor, or `boost::asio::deferred`
  /// @return what the token makes of the operation: the result of `boost::asio::async_initiate`
  ///
  /// @par Handler executor
  /// The handler's associated executor, or the pool's. The handler is never called inside the
  /// initiating function.
  /// @par Per-operation cancellation
  /// `terminal`, `partial` and `total` end the wait alone, with `operation_aborted`.
  /// @par Errors
  /// error::worker_start_failed if the pool gives up, or has; `operation_aborted` for a cancelled
  /// wait and a stopped pool.
  /// @par Exception safety
  /// Strong guarantee: if the initiating function throws, the handler is not called.
  template <boost::asio::completion_token_for<void(boost::system::error_code)> Token =
                detail::default_token<Executor>>
  auto async_ready(Token&& token = detail::default_token<Executor>())
      -> detail::initiated<Token, wait_signature, ready_initiation> {
    return boost::asio::async_initiate<Token, wait_signature>(ready_initiation{&pool_}, token);
  }

  /// Changes the number of workers, while jobs run, and completes when so many can take jobs, and
  /// no more have one.
  ///
  /// Workers that are too many take no more jobs, do what they have begun, and end; no job is lost.
  /// New ones are started at once.
  ///
  /// @param workers how many there are to be, at least 1, and no more than pool_options::slots if
  /// there are any
  /// @param token the completion token, with signature `void(boost::system::error_code)`; by
  /// default that of the executor, or `boost::asio::deferred`
  /// @return what the token makes of the operation: the result of `boost::asio::async_initiate`
  ///
  /// @par Handler executor
  /// The handler's associated executor, or the pool's. The handler is never called inside the
  /// initiating function.
  /// @par Per-operation cancellation
  /// `terminal`, `partial` and `total` end the wait alone, with `operation_aborted`: the size stays
  /// changed.
  /// @par Errors
  /// `invalid_argument`; `not_enough_memory`, and the size has not changed;
  /// error::worker_start_failed if the pool gives up, or has; `operation_aborted` for a cancelled
  /// wait and a stopped pool. If it is called again meanwhile, both complete with the later size.
  /// @par Exception safety
  /// Strong guarantee: if the initiating function throws, the size stays as it is, and the handler
  /// is not called.
  template <boost::asio::completion_token_for<void(boost::system::error_code)> Token =
                detail::default_token<Executor>>
  auto async_resize(std::size_t workers, Token&& token = detail::default_token<Executor>())
      -> detail::initiated<Token, wait_signature, resize_initiation, std::size_t> {
    return boost::asio::async_initiate<Token, wait_signature>(resize_initiation{&pool_}, token,
                                                              std::move(workers));
  }

  /// Runs a call once in every worker, between its jobs, and completes with all outcomes: to load
  /// a configuration again, or to ask all of them for something.
  ///
  /// The workers are those that the pool has, or is starting, when this is called; outcome::worker
  /// says which is which. One that starts later does not run the call: what is to hold for it, too,
  /// belongs into the initializer or the preload. The call comes before the jobs that wait, and
  /// does not count for pool_options::max_jobs_per_worker.
  ///
  /// @param fn what to run, made by @ref call
  /// @param opts how to run it; priority, tenant, key and when_full have no effect
  /// @param token the completion token, with signature
  /// `void(boost::system::error_code, std::vector<outcome<result_of<Call>>>)`; by default that of
  /// the executor, or `boost::asio::deferred`
  /// @return what the token makes of the operation: the result of `boost::asio::async_initiate`
  ///
  /// @par Handler executor
  /// The handler's associated executor, or the pool's. The handler is never called inside the
  /// initiating function.
  /// @par Per-operation cancellation
  /// Cancels each of the calls, as that of async_run() does, and completes with
  /// `operation_aborted` and their outcomes.
  /// @par Errors
  /// `operation_aborted` for a cancelled operation and a stopped pool. The error of each call is in
  /// its outcome: a worker that leaves, or ends, before it has begun the call gives
  /// ending::not_started. `not_enough_memory` if there is none for the outcomes, which are lost
  /// then.
  /// @par Exception safety
  /// Strong guarantee: if the initiating function throws, nothing is run and the handler is not
  /// called.
  template <class Call, boost::asio::completion_token_for<everywhere_signature<Call>> Token =
                            detail::default_token<Executor>>
  auto async_run_everywhere(const Call& fn, job_options opts = {},
                            Token&& token = detail::default_token<Executor>())
      -> everywhere_result<Call, Token> {
    return boost::asio::async_initiate<Token, everywhere_signature<Call>>(
        everywhere_initiation<Call>{&pool_}, token, detail::encode_call(fn), std::move(opts));
  }

  /// Runs a call once in every worker, with default options, and completes with all outcomes.
  ///
  /// @param fn what to run, made by @ref call
  /// @param token the completion token
  /// @return what the token makes of the operation
  template <class Call, boost::asio::completion_token_for<everywhere_signature<Call>> Token>
  auto async_run_everywhere(const Call& fn, Token&& token) -> everywhere_result<Call, Token> {
    return async_run_everywhere(fn, job_options{}, std::forward<Token>(token));
  }

  /// Returns how the last worker ended that did not start.
  /// @return the exception of the initializer or of the preload, the exit code, the signal, what
  /// was written to stderr, or what the system refused; ending::not_started without an error if
  /// every worker has started
  /// @par Exception safety
  /// Strong guarantee: `std::bad_alloc`.
  outcome<void> last_start_failure() const { return pool_.last_start_failure(); }

  /// Starts workers again: after the pool has given up (see worker_startup::give_up_after), or at
  /// once if it waits to try again. Jobs are accepted again.
  /// @par Exception safety
  /// Basic guarantee: `std::bad_alloc`.
  void resume() { pool_.resume(); }

  /// Kills the workers. All jobs, and those that come later, complete with `operation_aborted`;
  /// then the event loop can run out of work.
  /// @par Exception safety
  /// Basic guarantee: `std::bad_alloc`.
  void stop() { pool_.stop(); }

  /// Returns what the pool has done, and is doing.
  /// @return numbers that need not be of one moment
  /// @par Exception safety
  /// Strong guarantee: `std::bad_alloc`.
  pool_stats stats() const { return pool_.stats(); }

 private:
  template <class>
  friend class basic_worker_pool;
  /// @cond
  friend detail::pool_starter<basic_worker_pool>;
  friend detail::pool_access;
  /// @endcond

  /// Runs a job of a map, all of whose jobs share one handler of messages.
  template <class Call, class Handler>
  void run_on(const boost::asio::any_io_executor& messages, const Call& fn, const job_options& opts,
              Handler handler) {
    pool_.async_run_on(
        messages, detail::encode_call(fn), opts,
        detail::adapted_handler{detail::deliver_outcome<detail::call_result_t<Call>>{},
                                std::move(handler)});
  }

  executor_type executor_;
  detail::pool_handle pool_;
};

/// Warm processes that run one job after another, for any executor.
using worker_pool = basic_worker_pool<>;

/// @cond
namespace detail {

template <class Executor>
struct pool_starter<basic_worker_pool<Executor>> {
  pool_starter(basic_worker_pool<Executor>& pool, const options& child)
      : pool_{&pool}, asks_for_sandbox_{child.sandbox.has_value()} {
    options const defaults;
    job_.timeout = child.timeout;
    // A member that the map's user has not set leaves the pool's own setting in force.
    if (child.grace != defaults.grace) job_.grace = child.grace;
    if (child.max_result != defaults.max_result) job_.max_result = child.max_result;
  }

  /// A map hands its elements over one at a time: between two of them the pool may have no job.
  std::shared_ptr<void> promise_jobs() { return pool_->pool_.promise_jobs(); }

  std::size_t concurrency() const noexcept { return pool_->concurrency(); }
  Executor get_executor() const noexcept { return pool_->get_executor(); }

  template <class F, class Element, class Handler>
  void start(const F& f, const Element& element, Handler handler) {
    static_assert(
        std::copy_constructible<std::remove_cvref_t<Element>>,
        "isolatte: what a map hands to a pool is sent as a copy, for a job may have to be "
        "tried again");
    auto const what = listened_call(f, isolatte::call(callable_in(f), element));
    if (asks_for_sandbox_)
      return refuse<call_result_t<std::remove_cvref_t<decltype(what)>>>(std::move(handler));
    boost::asio::any_io_executor const messages = handler.get_executor();
    if constexpr (is_listener<std::remove_cvref_t<F>>)
      pool_->run_on(messages, what, job_, std::move(handler));
    else
      pool_->async_run(what, job_, std::move(handler));
  }

 private:
  /// A job has the sandbox of its worker. To run without the one that the map asks for is not what
  /// its user wants.
  template <class R, class Handler>
  void refuse(Handler handler) {
    auto const executor = handler.get_executor();
    boost::asio::post(executor, [handler = std::move(handler)]() mutable {
      auto const ec = make_error_code(boost::system::errc::invalid_argument);
      run_summary why;
      why.reason = "the sandbox of a pool's jobs is pool_options::worker's";
      handler(ec, outcome<R>::not_started(ec, std::move(why)));
    });
  }

  basic_worker_pool<Executor>* pool_;
  job_options job_;
  bool asks_for_sandbox_;
};

}  // namespace detail
/// @endcond

}  // namespace isolatte::inline v0_1

#endif
