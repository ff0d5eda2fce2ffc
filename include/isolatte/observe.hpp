// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_OBSERVE_HPP
#define ISOLATTE_OBSERVE_HPP

#include <isolatte/config.hpp>
#include <isolatte/run_summary.hpp>
#include <isolatte/worker_id.hpp>

#include <boost/system/error_code.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

namespace isolatte::inline v0_1 {

/// @cond
namespace detail {

struct observer;

}  // namespace detail
/// @endcond

/// Says by which means a job runs.
enum class launcher {
  /// A child that is forked for it: @ref fork, @ref async_fork, @ref spawn_child.
  fork,
  /// A child that becomes another program: @ref async_execute.
  program,
  /// A child of a @ref fork_server.
  fork_server,
  /// A worker of a @ref worker_pool.
  pool,
  /// The process of a @ref resident.
  resident,
  /// None of these: the job is the process of a pool's worker, or of a resident, from its start to
  /// its end.
  worker,
};

/// Returns the name of a launcher, as the enumerator is spelled.
/// @param by the launcher
/// @return a string with static storage duration
ISOLATTE_DECL std::string_view to_string(launcher by) noexcept;

/// A moment in the life of a job.
enum class job_moment {
  /// The job was asked for.
  queued,
  /// Its process was made, or a worker has it as the one that it runs next. Told again if that
  /// worker ends before it begins with the job, and another one gets it. Not told if the job never
  /// gets so far.
  started,
  /// Its process has ended, or its worker has answered. The rest of its output and of its messages,
  /// and the names of a stack trace, may still be read after this moment.
  ///
  /// Not told with options::early, whose result does not wait for the end, nor if the job has not
  /// started, is taken back from a worker that has not begun with it, or is given up because its
  /// execution context is destroyed.
  ended,
  /// Its result is here, and its completion handler will be called. Told once for each job, also if
  /// a handle or an execution context is destroyed. No moment follows but job_moment::undecodable.
  completed,
  /// Its value or its exception cannot be decoded, so the handler gets an outcome without it. That
  /// outcome is undelivered if the job completed as returned or threw; any other ending stays.
  /// Decoding needs the type of the value, and is done when the handler is called, so this is told
  /// after job_moment::completed. The result of a corrupt or hostile child may end so.
  undecodable,
};

/// Returns the name of a moment, as the enumerator is spelled.
/// @param what the moment
/// @return a string with static storage duration
ISOLATTE_DECL std::string_view to_string(job_moment what) noexcept;

/// One moment of one job, as an observer is told of it.
struct job_event {
  /// The moment.
  job_moment moment = job_moment::queued;
  /// Its time.
  std::chrono::steady_clock::time_point at{};
  /// The number of the job. No other job of this program has it.
  std::uint64_t job = 0;
  /// The launcher of the job.
  launcher by = launcher::fork;
  /// The number of the pool or the resident, from 1; 0 for a job of neither.
  std::uint64_t pool = 0;
  /// The process that runs the job, from job_moment::started on; 0 if there is none.
  int pid = 0;
  /// The worker that has the job, from job_moment::started on. If the job is the process of a
  /// worker: its generation.
  std::optional<worker_id> worker{};
  /// With job_moment::completed: the error that the completion handler gets.
  boost::system::error_code ec{};
  /// With job_moment::completed: how the job ended, and what it used. With
  /// job_moment::undecodable: the ending and the reason that the outcome tells. Otherwise null.
  /// Valid during the call.
  const run_summary* summary = nullptr;
};

/// Keeps an observer told. Move-only; ends the observation when it is destroyed.
///
/// When the destructor returns, the observer is not called any more, and no call is under way, but
/// for the call that destroys it, if there is one.
///
/// @par Thread safety
/// Distinct objects: safe. Shared objects: unsafe.
class [[nodiscard]] observation {
 public:
  /// Observes nothing.
  observation() noexcept = default;
  /// Takes an observation over.
  /// @param other observes nothing afterwards
  observation(observation&& other) noexcept = default;
  /// Ends this observation, and takes another one over.
  /// @param other observes nothing afterwards
  /// @return this object
  ISOLATTE_DECL observation& operator=(observation&& other) noexcept;
  ISOLATTE_DECL ~observation();

 private:
  friend ISOLATTE_DECL observation observe(std::function<void(const job_event&)> told);
  explicit observation(std::shared_ptr<detail::observer> what) noexcept;

  std::shared_ptr<detail::observer> observer_;
};

/// Has a function told of every job that is asked for from now on, by whatever launcher.
///
/// Without an observer the library looks at a flag for each job, and does no more.
///
/// @code
/// auto const watching = isolatte::observe([](const isolatte::job_event& event) {
///   if (event.moment == isolatte::job_moment::completed)
///     std::clog << "job " << event.job << ": " << event.summary->how << '\n';
/// });
/// @endcode
///
/// The function is called from the threads in which the library runs: those that start jobs, and
/// those that run the executors of operations and of handlers. One observer is called at a time, so
/// the function has to be quick: the program's jobs wait for it. The function may start jobs. Their
/// moments within the call are told when all observers have been told of the event of the call.
/// Waiting for jobs, and destroying handles, pools and servers, is not allowed there. An exception
/// that leaves the function ends the program by `std::terminate`.
///
/// An observer hears of a job either nothing or its moments in order, from the first one to
/// job_moment::completed. Without memory it may not hear of a job, or, if something happens to the
/// job within a call, of other moments than these two.
///
/// Jobs that a child starts are not told to the program, and a child has no observers but its own.
/// An observation may have static storage duration, and so may the execution contexts of its jobs.
///
/// @param told the function
/// @return the observation, which lasts as long as this object
/// @par Exception safety
/// Strong guarantee: `std::bad_alloc`, what the copying of @p told throws.
/// @par Thread safety
/// May be called from any thread.
ISOLATTE_DECL observation observe(std::function<void(const job_event&)> told);

}  // namespace isolatte::inline v0_1

#endif
