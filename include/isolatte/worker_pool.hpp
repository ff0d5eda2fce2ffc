// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_WORKER_POOL_HPP
#define ISOLATTE_WORKER_POOL_HPP

#include <isolatte/async_fork.hpp>
#include <isolatte/call.hpp>
#include <isolatte/config.hpp>
#include <isolatte/detail/operation/map_jobs.hpp>
#include <isolatte/detail/operation/operation.hpp>
#include <isolatte/detail/task/outcome_handler.hpp>
#include <isolatte/detail/task/remote_call.hpp>
#include <isolatte/options.hpp>
#include <isolatte/outcome.hpp>
#include <isolatte/pool_options.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/system/error_code.hpp>

#include <concepts>
#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>

namespace isolatte {

namespace detail {

/// A pool without the types of its jobs.
class ISOLATTE_VISIBLE pool_handle {
 public:
  using drain_handler = boost::asio::any_completion_handler<void(boost::system::error_code)>;

  ISOLATTE_DECL pool_handle(boost::asio::any_io_executor executor, pool_options opts);
  ISOLATTE_DECL pool_handle(pool_handle&& other) noexcept;
  ISOLATTE_DECL pool_handle& operator=(pool_handle&& other) noexcept;
  ISOLATTE_DECL ~pool_handle();

  ISOLATTE_DECL boost::asio::any_io_executor get_executor() const;
  ISOLATTE_DECL std::size_t concurrency() const noexcept;
  ISOLATTE_DECL void async_run(const remote_call& call, const job_options& opts,
                               report_handler handler);
  ISOLATTE_DECL void async_drain(drain_handler handler);
  ISOLATTE_DECL void stop();
  ISOLATTE_DECL pool_stats stats() const;

 private:
  struct implementation;
  std::unique_ptr<implementation> implementation_;
};

}  // namespace detail

/// Warm processes that run one job after another.
///
/// A job costs two messages instead of a process. What ends a worker (a crash, its timeout, its
/// cancellation) costs the one job that it had begun; those that were waiting behind it are done by
/// others, each once, and another worker takes its place. Workers are forked by a fork server of
/// the pool's own, which is made when the pool is: so it is safe in a program with several threads.
///
/// @code
/// isolatte::worker_pool pool{context, {.workers = 4, .worker = {.err = isolatte::capture{}}}};
/// pool.async_run(isolatte::call(parse_file, std::string{"a.xml"}), {.timeout = 2s}, token);
/// @endcode
///
/// The price of warmth: what a job leaves behind in its worker (leaked memory, globals, open
/// descriptors, signal handlers, a changed directory) is there for the next one.
/// pool_options::max_jobs_per_worker of 1 gives every job a fresh process, made ahead of need;
/// pool_options::max_worker_memory replaces a worker that has grown.
///
/// @par Thread safety
/// Distinct objects: safe. Shared objects: @ref async_run, @ref async_drain, @ref stop and
/// @ref stats may be called from any thread at any time; all else is unsafe.
/// @par Lifetime
/// Must be destroyed before its execution context, as any I/O object. Destroying it is stopping it.
/// Workers keep the event loop at work until the pool is stopped.
/// @par Platforms
/// As @ref fork_server.
class worker_pool {
 public:
  /// The executor's type.
  using executor_type = boost::asio::any_io_executor;

  /// Makes the pool's fork server; the workers are started by the event loop.
  /// @param ex what the operations run on
  /// @param opts how the pool works
  /// @throws boost::system::system_error when the system refuses
  explicit worker_pool(boost::asio::any_io_executor ex, pool_options opts = {})
      : pool_{std::move(ex), std::move(opts)} {}

  /// Makes the pool's fork server; the workers are started by the event loop.
  /// @param ctx the context whose executor the operations run on
  /// @param opts how the pool works
  /// @throws boost::system::system_error when the system refuses
  template <class ExecutionContext>
    requires std::convertible_to<ExecutionContext&, boost::asio::execution_context&>
  explicit worker_pool(ExecutionContext& ctx, pool_options opts = {})
      : worker_pool{boost::asio::any_io_executor{ctx.get_executor()}, std::move(opts)} {}

  /// Takes another's workers; with the other nothing more can be done than to destroy or assign it.
  /// @param other the pool to take
  worker_pool(worker_pool&& other) noexcept = default;
  /// Takes another's workers; the pool held before is stopped.
  /// @param other the pool to take
  /// @return this pool
  worker_pool& operator=(worker_pool&& other) noexcept = default;

  /// What the operations run on.
  /// @return the executor given to the constructor
  executor_type get_executor() const { return pool_.get_executor(); }

  /// How many jobs run at once.
  /// @return pool_options::workers, or what stands for it
  std::size_t concurrency() const noexcept { return pool_.concurrency(); }

  /// Runs a call in a worker and completes with its outcome.
  ///
  /// The meaning is that of @ref isolatte::async_fork, save that the process goes on to live.
  /// outcome_base::pid is the worker's, outcome_base::usage what the job has used of it, and what
  /// was captured is what the job has written.
  ///
  /// @param fn what to run, made by @ref call
  /// @param opts how to run it
  /// @param token the completion token, with signature
  /// `void(boost::system::error_code, outcome<result_of<Call>>)`
  /// @return what the token makes of it
  ///
  /// @par Handler executor
  /// The handler's associated executor, the pool's where it has none. It is never called inside
  /// the initiating function.
  /// @par Per-operation cancellation
  /// A job that no worker has begun with is taken back: ending::not_started, and no worker notices.
  /// One that runs costs its worker, as by isolatte::async_fork: `terminal` sends SIGKILL,
  /// `partial` SIGTERM and `total` SIGINT, with SIGKILL job_options::grace later.
  /// @par Errors
  /// `operation_aborted` for a cancelled job and a stopped pool; error::queue_full;
  /// error::broken_pool; error::unknown_function; what kept the pool from starting any worker.
  template <is_call Call, boost::asio::completion_token_for<void(boost::system::error_code,
                                                                 outcome<result_of<Call>>)>
                              Token = boost::asio::deferred_t>
  auto async_run(Call fn, job_options opts = {}, Token&& token = {}) {
    using R = result_of<Call>;
    detail::require_transportable<R>();
    return boost::asio::async_initiate<Token, void(boost::system::error_code, outcome<R>)>(
        initiate_run{this}, token, std::move(fn), opts);
  }

  /// Completes when no job is left, neither running nor waiting.
  ///
  /// @param token the completion token, with signature `void(boost::system::error_code)`
  /// @return what the token makes of it
  ///
  /// @par Errors
  /// None. A pool that is stopped is drained, too, once its workers are gone.
  template <boost::asio::completion_token_for<void(boost::system::error_code)> Token =
                boost::asio::deferred_t>
  auto async_drain(Token&& token = {}) {
    return boost::asio::async_initiate<Token, void(boost::system::error_code)>(initiate_drain{this},
                                                                               token);
  }

  /// Kills the workers. All jobs, and those that come later, complete with `operation_aborted`;
  /// then the event loop can run out of work.
  void stop() { pool_.stop(); }

  /// What the pool has done, and is doing.
  /// @return numbers that need not be of one moment
  pool_stats stats() const { return pool_.stats(); }

 private:
  class initiate_run {
   public:
    using executor_type = worker_pool::executor_type;
    explicit initiate_run(worker_pool* self) noexcept : self_{self} {}
    executor_type get_executor() const { return self_->get_executor(); }
    template <class Handler, class Call>
    void operator()(Handler&& handler, const Call& fn, const job_options& opts) const {
      self_->pool_.async_run(detail::make_remote(fn), opts,
                             detail::outcome_handler<result_of<Call>, std::decay_t<Handler>>{
                                 std::forward<Handler>(handler)});
    }

   private:
    worker_pool* self_;
  };

  class initiate_drain {
   public:
    using executor_type = worker_pool::executor_type;
    explicit initiate_drain(worker_pool* self) noexcept : self_{self} {}
    executor_type get_executor() const { return self_->get_executor(); }
    template <class Handler>
    void operator()(Handler&& handler) const {
      self_->pool_.async_drain(std::forward<Handler>(handler));
    }

   private:
    worker_pool* self_;
  };

  detail::pool_handle pool_;
};

/// @cond
namespace detail {

template <>
struct pool_launcher<worker_pool> {
  pool_launcher(worker_pool& pool, const options& child)
      : pool_{&pool},
        job_{.timeout = child.timeout, .grace = child.grace, .max_result = child.max_result} {}

  std::size_t concurrency() const noexcept { return pool_->concurrency(); }
  boost::asio::any_io_executor get_executor() const { return pool_->get_executor(); }

  template <class F, class Element, class Handler>
  void launch(const F& f, const Element& element, Handler handler) {
    static_assert(
        std::copy_constructible<std::remove_cvref_t<Element>>,
        "isolatte: what a map hands to a pool is sent as a copy, for a job may have to be "
        "tried again");
    pool_->async_run(isolatte::call(f, element), job_, std::move(handler));
  }

 private:
  worker_pool* pool_;
  job_options job_;
};

}  // namespace detail
/// @endcond

}  // namespace isolatte

#endif
