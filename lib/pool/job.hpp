// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POOL_JOB_HPP
#define ISOLATTE_LIB_POOL_JOB_HPP

#include "logic/pool_machine.hpp"
#include "pool/job_talk.hpp"
#include "posix/job_channel.hpp"
#include "posix/origin.hpp"
#include "supervise/observed_job.hpp"
#include "supervise/pending_handler.hpp"
#include "supervise/strand.hpp"

#include <isolatte/detail/operation/relayed_job.hpp>
#include <isolatte/detail/vocabulary/byte_buffer.hpp>
#include <isolatte/detail/vocabulary/report.hpp>

#include <boost/intrusive/list.hpp>

#include <atomic>
#include <memory>
#include <optional>

namespace isolatte::inline v0_1::pool {

class pool;

/// One job, from when it is asked for until its handler is called.
struct job final : logic::pool_job, supervise::strand::step {
  /// The pool's list of the jobs that are not done.
  using kept_hook = boost::intrusive::list_member_hook<>;

  using pool_job::pool_job;

  posix::origin const made{};
  /// Sent to the worker before the arguments, with another id each time.
  posix::job_header header;
  detail::byte_buffer arguments;
  supervise::observed_job observed;
  /// Null if no other owner has to know which worker has the job.
  std::shared_ptr<detail::job_witness> witness;
  /// Null if the job does not talk.
  std::shared_ptr<job_talk> talk;
  /// The job is done, and its conversation is not over.
  std::optional<detail::told_report> held;
  /// Keeps the pool, which may have no worker any more, until then.
  std::shared_ptr<pool> held_in;
  /// The number of the worker that has been given the job; for any thread.
  std::atomic<int> pid = 0;
  /// For any thread.
  std::atomic<bool> is_complete = false;
  /// The job's handle is gone; for any thread.
  std::atomic<bool> is_forsaken = false;
  /// Gone once it has been called.
  std::optional<supervise::pending_handler> handler;
  /// Keeps the job alive until it is done: machines and lists refer to it only.
  std::shared_ptr<job> self;
  kept_hook in_kept;
  /// The types of cancellation that have been asked for; each job is the step that performs them.
  std::atomic<unsigned> cancellations = 0;
  std::shared_ptr<pool> cancelling_in;
  std::shared_ptr<job> cancelling;

  /// A bit of `cancellations` that is no type of Asio's: the job is cancelled if no worker has
  /// begun it.
  static constexpr unsigned withdrawal = 1U << 16;

  /// A worker has the job.
  void note_given(int number) noexcept;
  /// No worker has the job any more.
  void note_taken_back() noexcept;
  /// Passes the request on to the callable, which a worker has begun.
  void ask_to_stop() noexcept;

  void run() override;
  void drop() noexcept override;
};

}  // namespace isolatte::inline v0_1::pool

#endif
