// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_NATS_HPP
#define ISOLATTE_NATS_HPP

#include <isolatte/call.hpp>
#include <isolatte/config.hpp>
#include <isolatte/detail/operation/initiate.hpp>
#include <isolatte/detail/operation/map_jobs.hpp>
#include <isolatte/detail/operation/operation.hpp>
#include <isolatte/detail/task/distant_call.hpp>
#include <isolatte/options.hpp>
#include <isolatte/outcome.hpp>
#include <isolatte/worker_pool.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/errc.hpp>
#include <boost/system/error_code.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

/// Jobs on many hosts, by way of a NATS server with JetStream; the library `isolatte::nats`.
///
/// A @ref farm has the shape of a worker_pool. Its jobs run in the worker pools of programs that
/// have a @ref farm_host, on this machine or on others.
namespace isolatte::inline v0_1::nats {

/// The proofs of a program's identity that it shows to the server. An aggregate for designated
/// initialisers, every member with a default.
struct credentials {
  /// The user's name. Empty: none.
  std::string user{};
  /// The user's password.
  std::string password{};
  /// A file with a JWT and an nkey seed, as `nsc` writes it. Empty: none.
  std::filesystem::path creds_file{};
  /// A file of PEM certificates: authorities that may vouch for the server, besides those of the
  /// system. Empty: those of the system alone.
  std::filesystem::path ca{};
  /// A PEM file with the program's certificate, for servers that ask for one. Empty: none.
  std::filesystem::path certificate{};
  /// A PEM file with the certificate's private key.
  std::filesystem::path key{};
};

/// The place of a farm; an aggregate for designated initialisers, every member with a default.
///
/// The farm and its hosts have the same name, code, and servers of one cluster. Submitters set the
/// size, hosts take part in it.
struct farm_options {
  /// URLs of servers: `nats://host:port`, or `tls://host:port` for encryption. They are tried in
  /// turn.
  std::vector<std::string> servers = {"nats://127.0.0.1:4222"};
  /// The program's proofs of identity.
  credentials login{};
  /// Farms of different names on one cluster do not meet. Letters, digits, `-` and `_`.
  std::string name = "farm";
  /// A host that is not heard of for so long has lost its jobs, and kills them itself after three
  /// quarters of it. At least 100 ms.
  std::chrono::nanoseconds lease = std::chrono::seconds{10};
  /// The number of jobs that may wait or run. One more completes with error::queue_full. A
  /// submitter counts its own, and the server the messages of all.
  std::size_t max_queued = 1'000'000;
  /// How many jobs of a map are under way at once by default.
  std::size_t max_in_flight = 2048;
  /// On how many servers of a cluster the jobs are stored: 1, 3 or 5.
  int replicas = 1;
  /// A name for "the same functions", instead of the build id of the program: jobs are for hosts
  /// with the same. Letters, digits, `-` and `_`. A host checks every function all the same, so
  /// programs that are not one binary do not run each other's jobs; the name tells apart what one
  /// binary is to run on different hosts.
  std::optional<std::string> code{};
  /// Whether the program may connect without encryption or credentials to a server that is not on
  /// this machine. Who may publish to a farm runs code on its hosts.
  bool insecure = false;
};

/// How a farm's job is run; an aggregate for designated initialisers, every member with a default.
struct farm_job_options {
  /// Wall-clock limit of the job in the host's pool, see job_options::timeout. Absent: that of the
  /// pool.
  std::optional<std::chrono::nanoseconds> timeout{};
  /// The time between a polite signal and SIGKILL, see job_options::grace. Absent: that of the
  /// host's pool.
  std::optional<std::chrono::nanoseconds> grace{};
  /// Bytes of the largest result, see options::max_result. A result that is larger than a message
  /// of the server may be is ending::undelivered.
  std::size_t max_result = std::size_t{1} << 30;
  /// A job that no worker has begun for so long completes with error::not_in_time, and ran::no.
  /// Absent: it waits.
  std::optional<std::chrono::nanoseconds> start_within{};
  /// So many hosts may be lost over the job; then it ends as ending::lost, with ran::unknown. 1: it
  /// runs at most once.
  unsigned max_hosts = 3;
};

/// Counts of a farm's jobs, over all its submitters with the same code.
struct farm_stats {
  /// Jobs that no worker has begun. Short jobs travel together, and as long as no host has had them
  /// their message counts as one.
  std::uint64_t waiting = 0;
  /// Jobs that workers have.
  std::uint64_t running = 0;
  /// Hosts that answered.
  std::size_t hosts = 0;
};

/// Counts of a host's jobs.
struct host_stats {
  /// Jobs that the host was given.
  std::uint64_t taken = 0;
  /// The jobs among them that another host had been given before.
  std::uint64_t again = 0;
  /// Jobs whose outcome the server has.
  std::uint64_t done = 0;
  /// Jobs that the host has killed because the server had not been heard of in time.
  std::uint64_t fenced = 0;
  /// Jobs that the host did not run: of another program, malformed, or lost by too many hosts.
  std::uint64_t refused = 0;
  /// Whether a process next to the host kills its jobs if the host itself is stopped. There is none
  /// if the system has no descriptors for processes (Linux before 5.3) or is short of something;
  /// one that has ended is made anew.
  bool guarded = false;
};

/// @cond
class farm;
class farm_host;

namespace detail {

// The library's own parts say `detail` for that of the core.
using namespace isolatte::detail;

using wait_handler = boost::asio::any_completion_handler<void(boost::system::error_code)>;
using stats_handler =
    boost::asio::any_completion_handler<void(boost::system::error_code, farm_stats)>;

/// A farm without the types of its jobs.
class farm_handle {
 public:
  farm_handle(const boost::asio::any_io_executor& executor, farm_options&& opts);
  farm_handle(farm_handle&& other) noexcept;
  farm_handle& operator=(farm_handle&& other) noexcept;
  ~farm_handle();

  boost::asio::any_io_executor get_executor() const noexcept;
  std::size_t concurrency() const noexcept;
  /// @param call nothing if its code has no name
  void async_run(std::optional<distant_call>&& call, const farm_job_options& opts,
                 report_handler handler);
  void async_drain(wait_handler handler);
  void async_stats(stats_handler handler);
  /// @return as long as it lives no drain completes, though no job may be there
  std::shared_ptr<void> promise_jobs();
  void stop();

 private:
  struct implementation;
  std::unique_ptr<implementation> implementation_;
};

/// A host without the type of its pool.
class host_handle {
 public:
  host_handle(pool_handle& pool, farm_options&& opts);
  host_handle(host_handle&& other) noexcept;
  host_handle& operator=(host_handle&& other) noexcept;
  ~host_handle();

  boost::asio::any_io_executor get_executor() const noexcept;
  void async_serve(wait_handler handler);
  host_stats stats() const;

 private:
  struct implementation;
  std::unique_ptr<implementation> implementation_;
};

}  // namespace detail
/// @endcond

/// Runs jobs in the worker pools of many hosts; the submitter's side.
///
/// @code
/// isolatte::nats::farm farm{context, {.servers = {"tls://10.0.0.1:4222"},
///                                     .login = {.creds_file = "farm.creds"}}};
/// farm.async_run(isolatte::call(parse_file, std::string{"a.xml"}), {.timeout = 2s}, token);
/// @endcode
///
/// A job goes to a server, and from there to the host that asks for work first. The end of a host
/// costs time: the server gives its jobs to other hosts, up to farm_job_options::max_hosts times.
/// So a job may run more than once; make jobs idempotent, or let `max_hosts` be 1. Each operation
/// completes once.
///
/// The farm keeps each job until its outcome is there. Connecting happens in the background, and
/// again when the server was away; jobs that the server has forgotten are submitted again. Jobs
/// wait meanwhile. A farm that is destroyed, or whose program ends, has no jobs any more.
///
/// Hosts run the same binary, as its build id tells; a program that was linked anew gets hosts of
/// its own. The functions that are called, and their arguments, are sent as @ref isolatte::call
/// sends them to a worker.
///
/// @par Thread safety
/// Distinct objects: safe. Shared objects: the operations, stop() and concurrency() may be called
/// from any thread at any time; all else is unsafe.
/// @par Lifetime
/// Must be destroyed before its execution context, as any I/O object. Destroying a farm stops it.
/// An idle farm does not keep the event loop at work; an operation does.
class farm {
  template <class Call>
  using run_initiation =
      isolatte::detail::outcome_initiation<&detail::farm_handle::async_run, detail::farm_handle*,
                                           isolatte::detail::call_result_t<Call>>;
  template <class Call>
  using run_signature = isolatte::detail::outcome_signature<isolatte::detail::call_result_t<Call>>;
  template <class Call, class Token>
  using run_result =
      isolatte::detail::initiated<Token, run_signature<Call>, run_initiation<Call>,
                                  std::optional<isolatte::detail::distant_call>, farm_job_options>;
  using drain_initiation =
      isolatte::detail::initiation<&detail::farm_handle::async_drain, detail::farm_handle*, void>;
  using stats_initiation =
      isolatte::detail::initiation<&detail::farm_handle::async_stats, detail::farm_handle*, void>;
  using drain_signature = void(boost::system::error_code);
  using stats_signature = void(boost::system::error_code, farm_stats);
  using default_token = isolatte::detail::default_token<boost::asio::any_io_executor>;

 public:
  /// The executor's type.
  using executor_type = boost::asio::any_io_executor;

  /// Begins to connect.
  /// @param where the executor of the operations, or an execution context
  /// @param opts where the farm is
  /// @throws boost::system::system_error with `invalid_argument` for a malformed name, a lease that
  /// is too short, no server, other replicas; with `permission_denied` for a server that is not
  /// on this machine, without credentials or without encryption, unless farm_options::insecure is
  /// set. A server that is absent is no error
  /// @par Exception safety
  /// Strong guarantee.
  template <isolatte::detail::executor_or_context Where>
  explicit farm(Where&& where, farm_options opts = {})
      : handle_{isolatte::detail::erase_executor(where), std::move(opts)} {}

  /// Takes the jobs of another object, which may then only be destroyed or assigned to.
  /// @param other the object to take from
  farm(farm&& other) noexcept = default;
  /// Takes the jobs of another object, which may then only be destroyed or assigned to. The farm
  /// held before is stopped.
  /// @param other the object to take from
  /// @return this object
  farm& operator=(farm&& other) noexcept = default;

  /// Returns the executor of the operations.
  /// @return the executor given to the constructor
  executor_type get_executor() const noexcept { return handle_.get_executor(); }

  /// Returns how many jobs of a map are under way at once by default.
  /// @return farm_options::max_in_flight
  std::size_t concurrency() const noexcept { return handle_.concurrency(); }

  /// Runs a call on a host, and completes with its outcome.
  ///
  /// The outcome is that of worker_pool::async_run on the host that ran the call;
  /// outcome_base::host says which, as its name and the number of the host's process. The output
  /// and the usage of the host's worker are in the outcome as well.
  ///
  /// @param fn what to run, made by @ref isolatte::call; its function may take a `std::stop_token`,
  /// but no @ref channel
  /// @param opts how to run it
  /// @param token the completion token, with signature
  /// `void(boost::system::error_code, outcome<result_of<Call>>)`; by default
  /// `boost::asio::deferred`
  /// @return what the token makes of the operation: the result of `boost::asio::async_initiate`
  ///
  /// @par Handler executor
  /// The handler's associated executor, or the farm's. The handler is never called inside the
  /// initiating function.
  /// @par Per-operation cancellation
  /// A job that no worker has begun is taken back: ending::not_started and ran::no. One that runs
  /// is cancelled there, as worker_pool::async_run does it for the same type. If the host is not
  /// heard of any more, the operation completes after two leases, with ending::lost.
  /// @par Errors
  /// `operation_aborted` for a cancelled job and a stopped farm; error::queue_full;
  /// error::not_in_time; error::too_large for arguments that are larger than a message of the
  /// server may be; error::unknown_function if the function is in an object without a build id, or
  /// the host does not know the function; `permission_denied` if the server does not let this
  /// program in; error::no_server if a job could not be stored before stop().
  /// @par Exception safety
  /// Strong guarantee: if the initiating function throws, nothing is run and the handler is not
  /// called. The function throws `std::bad_alloc`, and any exception of saving the arguments or
  /// moving the handler.
  template <class Call, isolatte::detail::outcome_token<isolatte::detail::call_result_t<Call>>
                            Token = default_token>
  auto async_run(const Call& fn, farm_job_options opts = {}, Token&& token = default_token())
      -> run_result<Call, Token> {
    return boost::asio::async_initiate<Token, run_signature<Call>>(
        run_initiation<Call>{&handle_}, token, isolatte::detail::encode_distant_call(fn),
        std::move(opts));
  }

  /// Runs a call on a host, with default options, and completes with its outcome.
  ///
  /// @param fn what to run, made by @ref isolatte::call
  /// @param token the completion token
  /// @return what the token makes of the operation
  template <class Call,
            isolatte::detail::outcome_token<isolatte::detail::call_result_t<Call>> Token>
  auto async_run(const Call& fn, Token&& token) -> run_result<Call, Token> {
    return async_run(fn, farm_job_options{}, std::forward<Token>(token));
  }

  /// Completes when this farm has no job left, and no map over it has jobs to give.
  ///
  /// @param token the completion token, with signature `void(boost::system::error_code)`; by
  /// default `boost::asio::deferred`
  /// @return what the token makes of the operation: the result of `boost::asio::async_initiate`
  ///
  /// @par Handler executor
  /// The handler's associated executor, or the farm's. The handler is never called inside the
  /// initiating function.
  /// @par Per-operation cancellation
  /// `terminal`, `partial` and `total` end the wait alone, with `operation_aborted`.
  /// @par Errors
  /// `operation_aborted` for a cancelled wait. A farm that is stopped is drained, too: no error.
  /// @par Exception safety
  /// Strong guarantee: if the initiating function throws, the handler is not called.
  template <boost::asio::completion_token_for<drain_signature> Token = default_token>
  auto async_drain(Token&& token = default_token())
      -> isolatte::detail::initiated<Token, drain_signature, drain_initiation> {
    return boost::asio::async_initiate<Token, drain_signature>(drain_initiation{&handle_}, token);
  }

  /// Asks the server and the hosts what the farm is doing.
  ///
  /// Completes half a second later at the most: hosts that have not answered by then do not count.
  ///
  /// @param token the completion token, with signature
  /// `void(boost::system::error_code, farm_stats)`; by default `boost::asio::deferred`
  /// @return what the token makes of the operation: the result of `boost::asio::async_initiate`
  ///
  /// @par Handler executor
  /// The handler's associated executor, or the farm's. The handler is never called inside the
  /// initiating function.
  /// @par Per-operation cancellation
  /// `terminal`, `partial` and `total`: `operation_aborted`.
  /// @par Errors
  /// error::no_server if there is no connection; `operation_aborted` for a cancelled operation and
  /// a stopped farm.
  /// @par Exception safety
  /// Strong guarantee: if the initiating function throws, the handler is not called.
  template <boost::asio::completion_token_for<stats_signature> Token = default_token>
  auto async_stats(Token&& token = default_token())
      -> isolatte::detail::initiated<Token, stats_signature, stats_initiation> {
    return boost::asio::async_initiate<Token, stats_signature>(stats_initiation{&handle_}, token);
  }

  /// Ends all jobs: they complete with `operation_aborted`, or with error::no_server if they could
  /// not be stored. Hosts are told to give them up, and jobs that wait on the server are deleted.
  /// Then the event loop can run out of work: at once, or if jobs are just being stored, when the
  /// server has said where; for that the farm waits a quarter of farm_options::lease at most, and a
  /// second at least.
  /// @par Exception safety
  /// Basic guarantee: `std::bad_alloc`.
  void stop() { handle_.stop(); }

 private:
  /// @cond
  friend isolatte::detail::pool_starter<farm>;
  /// @endcond

  detail::farm_handle handle_;
};

/// Takes jobs of a farm for a worker pool of this program.
///
/// @code
/// isolatte::worker_pool pool{context, {.worker = {.timeout = 30s}}};
/// isolatte::nats::farm_host host{pool, {.servers = {"tls://10.0.0.1:4222"},
///                                       .login = {.creds_file = "farm.creds"}}};
/// host.async_serve(boost::asio::detached);
/// context.run();
/// @endcode
///
/// Make the pool first of all: its fork server is a copy of the program before the client library
/// has threads. The pool may have other jobs, too.
///
/// A host that has not heard of the server for three quarters of farm_options::lease kills the
/// farm's jobs, because the server will give them to other hosts. A process next to the host does
/// that if the host itself is stopped; host_stats::guarded says whether there is one.
///
/// @par Thread safety
/// Distinct objects: safe. Shared objects: async_serve() and stats() may be called from any thread
/// at any time; all else is unsafe.
/// @par Lifetime
/// The pool must outlive the host, and stay where it is. The host must be destroyed before its
/// execution context. Destroying a host kills the jobs that it holds; other hosts get them when the
/// lease has run out. Results that are there are still told: as long as the server does not have
/// them, a quarter of the lease at most, and a second at least, that keeps the event loop at work.
class farm_host {
  using serve_initiation =
      isolatte::detail::initiation<&detail::host_handle::async_serve, detail::host_handle*, void>;
  using serve_signature = void(boost::system::error_code);
  using default_token = isolatte::detail::default_token<boost::asio::any_io_executor>;

 public:
  /// The executor's type.
  using executor_type = boost::asio::any_io_executor;

  /// Begins to connect; jobs are taken by async_serve().
  /// @param pool runs the jobs
  /// @param opts where the farm is
  /// @throws boost::system::system_error as farm::farm does; besides, with error::unknown_function
  /// if the program has no build id and farm_options::code is absent
  /// @par Exception safety
  /// Strong guarantee.
  template <class Executor>
  explicit farm_host(basic_worker_pool<Executor>& pool, farm_options opts = {})
      : handle_{isolatte::detail::pool_access::handle_of(pool), std::move(opts)} {}

  /// Takes the work of another object, which may then only be destroyed or assigned to.
  /// @param other the object to take from
  farm_host(farm_host&& other) noexcept = default;
  /// Takes the work of another object, which may then only be destroyed or assigned to. The host
  /// held before is destroyed.
  /// @param other the object to take from
  /// @return this object
  farm_host& operator=(farm_host&& other) noexcept = default;

  /// Returns the executor of the operations.
  /// @return the pool's
  executor_type get_executor() const noexcept { return handle_.get_executor(); }

  /// Takes jobs and runs them, until it is cancelled.
  ///
  /// @param token the completion token, with signature `void(boost::system::error_code)`; by
  /// default `boost::asio::deferred`
  /// @return what the token makes of the operation: the result of `boost::asio::async_initiate`
  ///
  /// @par Handler executor
  /// The handler's associated executor, or the pool's. The handler is never called inside the
  /// initiating function.
  /// @par Per-operation cancellation
  /// `total` and `partial` drain: the host takes no more jobs, gives back those that no worker has
  /// begun, and completes when the server has the outcomes of the others. `terminal` gives back all
  /// that no worker has begun, and kills the others, which other hosts run again.
  /// @par Broken pools
  /// If the pool has given up or is stopped, the host gives the jobs back to the farm, tries one
  /// now and then, and goes on when one has run. Other hosts run again what the stopped pool had
  /// begun.
  /// @par Errors
  /// `operation_aborted` after a cancellation. `permission_denied` if the server does not let this
  /// program in, or not do what hosts do. error::already_waiting if the host serves already. A
  /// server that is absent is no error: the host waits for it.
  /// @par Exception safety
  /// Strong guarantee: if the initiating function throws, the handler is not called.
  template <boost::asio::completion_token_for<serve_signature> Token = default_token>
  auto async_serve(Token&& token = default_token())
      -> isolatte::detail::initiated<Token, serve_signature, serve_initiation> {
    return boost::asio::async_initiate<Token, serve_signature>(serve_initiation{&handle_}, token);
  }

  /// Returns what the host has done.
  /// @return numbers that need not be of one moment
  host_stats stats() const { return handle_.stats(); }

 private:
  detail::host_handle handle_;
};

}  // namespace isolatte::inline v0_1::nats

/// @cond
namespace isolatte::inline v0_1::detail {

/// Starts the jobs of a map over a farm.
template <>
struct pool_starter<nats::farm> {
  pool_starter(nats::farm& farm, const options& child)
      : farm_{&farm}, asks_for_sandbox_{child.sandbox.has_value()} {
    options const defaults;
    job_.timeout = child.timeout;
    // A member that the map's user has not set leaves the host's own setting in force.
    if (child.grace != defaults.grace) job_.grace = child.grace;
    if (child.max_result != defaults.max_result) job_.max_result = child.max_result;
  }

  std::shared_ptr<void> promise_jobs() { return farm_->handle_.promise_jobs(); }
  std::size_t concurrency() const noexcept { return farm_->concurrency(); }
  boost::asio::any_io_executor get_executor() const noexcept { return farm_->get_executor(); }

  template <class F, class Element, class Handler>
  void start(const F& f, const Element& element, Handler handler) {
    static_assert(!is_listener<std::remove_cvref_t<F>>,
                  "isolatte: jobs of a farm send no messages, so there is nothing to listen to");
    static_assert(
        std::copy_constructible<std::remove_cvref_t<Element>>,
        "isolatte: what a map hands to a farm is sent as a copy, for a job may have to be "
        "tried again");
    auto const what = isolatte::call(f, element);
    if (asks_for_sandbox_)
      refuse<call_result_t<std::remove_cvref_t<decltype(what)>>>(std::move(handler));
    else
      farm_->async_run(what, job_, std::move(handler));
  }

 private:
  template <class R, class Handler>
  void refuse(Handler handler) {
    auto const executor = handler.get_executor();
    boost::asio::post(executor, [handler = std::move(handler)]() mutable {
      auto const ec = make_error_code(boost::system::errc::invalid_argument);
      run_summary why;
      why.reason = "the sandbox of a farm's jobs is that of the hosts' pools";
      handler(ec, outcome<R>::not_started(ec, std::move(why)));
    });
  }

  nats::farm* farm_;
  nats::farm_job_options job_;
  bool asks_for_sandbox_;
};

}  // namespace isolatte::inline v0_1::detail
/// @endcond

#endif
