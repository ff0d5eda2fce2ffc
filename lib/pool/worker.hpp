// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POOL_WORKER_HPP
#define ISOLATTE_LIB_POOL_WORKER_HPP

#include "launch/child_source.hpp"
#include "logic/pool_machine.hpp"
#include "pool/job.hpp"
#include "posix/credentials.hpp"
#include "posix/job_channel.hpp"
#include "posix/reply_reader.hpp"
#include "supervise/executors.hpp"
#include "supervise/output_reader.hpp"
#include "supervise/supervisor.hpp"

#include <isolatte/detail/vocabulary/report.hpp>
#include <isolatte/options.hpp>
#include <isolatte/worker_id.hpp>

#include <boost/system/error_code.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace isolatte::inline v0_1::pool {

using posix::reply;

class pool;
class worker;

/// Sends what a worker has been given. Part of the worker, so that a job that is on its way needs
/// no memory.
struct flush_step final : supervise::strand::step {
  void run() override;
  void drop() noexcept override;

  /// Both are empty unless the step waits.
  std::shared_ptr<pool> in;
  std::shared_ptr<worker> of;
};

/// The pool's side of one worker: its channel and its output. Decides nothing, and is used from
/// the pool's strand alone.
class worker final : public logic::pool_worker, public std::enable_shared_from_this<worker> {
 public:
  /// The child's ends of all descriptors; open here until the child has been made.
  struct child_side {
    posix::descriptor socket;
    posix::descriptor page;
    posix::descriptor out;
    posix::descriptor err;
    /// The pipe that the initializer's stderr leads to, if any.
    posix::descriptor initial_err;
  };

  /// @param diverts_err the initializer's stderr leads to the pool
  worker(const supervise::strand& on, const options& opts, bool diverts_err,
         const std::atomic<bool>& unwanted);

  /// Opens the channel and the streams.
  child_side open(boost::system::error_code& ec);
  void close() noexcept;

  /// Puts the job on its way, under an id of its own; flush() sends it. Allocates nothing.
  void give(job& what, std::uint64_t id) noexcept;
  /// @return false if the worker has begun the job
  bool take_back(job& what) noexcept;
  /// The job's reply is here, or the worker's end: its place on the page is free.
  void leave_slot(const job& what) noexcept;
  /// The stage that the page states for the job.
  logic::job_stage stage(const job& what) const noexcept { return page_.stage(what.header); }
  /// Sends as much as there is room for.
  /// @return whether everything has gone; otherwise there is no room, or no other end
  bool flush(boost::system::error_code& ec) noexcept;
  /// @return whether all of the job has gone, without which the worker cannot have done it
  bool has_sent(const job& what) const noexcept;
  /// Says that there will be no more jobs.
  void retire() noexcept;

  /// The next reply that is there, none if it has not arrived, or an error. Asks the kernel for
  /// what is there after it has returned none: `bad_message` if it can be no reply, end-of-file and
  /// others as they come.
  /// @param most bytes that a value may have
  std::optional<reply> next_reply(std::size_t most, boost::system::error_code& ec);
  /// Takes the output that the worker has written since the last call.
  void take_output(detail::run_summary& into);
  /// Keeps the end of what the initializer has written to stderr since the last call.
  /// @param passes_on writes it to the program's, too, as far as there is room
  void take_initial_err(bool passes_on);
  /// Everything that the worker has written to stderr before it was ready, up to the usual limit.
  captured_text initial_text(bool passes_on);

  worker_id id() const noexcept {
    int const known = run ? run->pid() : 0;
    return {slot().value_or(worker_id::no_slot), generation, known != 0 ? known : said_pid};
  }

  std::shared_ptr<supervise::supervisor> run;
  /// The fork server that it comes from, if it comes from one.
  std::shared_ptr<launch::child_source> server;
  supervise::stream_descriptor socket;
  std::optional<supervise::output_reader> out;
  std::optional<supervise::output_reader> err;
  std::optional<supervise::output_reader> initial_err;
  /// A flush is on its way.
  bool writing = false;
  flush_step flushing;
  /// The program's when the worker was asked for.
  posix::credentials as;
  /// The worker is the original's, in a copy of the program, and its job is complete.
  bool disowned = false;
  std::uint64_t generation = 0;
  /// Asks for its health; null if the pool does not.
  std::shared_ptr<job> check;
  /// Its process as it says itself: the fork server may say later which one it has made.
  int said_pid = 0;
  /// Bytes of its own memory when it was ready.
  std::uint64_t memory_at_start = 0;
  /// Why a job has asked for its replacement.
  std::string retire_reason;
  bool has_asked_to_retire = false;
  /// The initializer has come to an end, if not to a good one.
  bool has_answered = false;
  /// How the initializer failed, as the worker says.
  boost::system::error_code start_error;
  detail::report start_failure;
  /// Why its first job's reply cannot be taken; a string literal.
  const char* refused_because = "the job wrote to its worker's shared page";

 private:
  struct outgoing {
    posix::job_header header;
    /// Alive until sent, though the job may be done elsewhere by then.
    std::shared_ptr<job> what;
    std::size_t size() const noexcept { return sizeof header + what->arguments.size(); }
  };

  posix::job_page page_;
  captured_text initial_text_;
  /// The part of it for which the program's stderr had no room.
  std::string unwritten_;
  /// A bit for each slot of the page that a job has.
  std::uint64_t slots_taken_ = 0;
  /// Never more than reserved: the worker's jobs, and one that was taken back half-sent.
  std::vector<outgoing> outbox_;
  /// Bytes of the first in the outbox that have gone.
  std::size_t sent_ = 0;
  /// The last call for more has got all that was there.
  bool is_drained_ = false;
  posix::reply_reader replies_;
};

}  // namespace isolatte::inline v0_1::pool

#endif
