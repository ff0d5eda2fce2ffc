// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POOL_WORKER_HPP
#define ISOLATTE_LIB_POOL_WORKER_HPP

#include "pool/job.hpp"
#include "posix/job_channel.hpp"
#include "supervise/executors.hpp"
#include "supervise/output_reader.hpp"
#include "supervise/supervisor.hpp"

#include <isolatte/detail/vocabulary/report.hpp>
#include <isolatte/options.hpp>

#include <boost/system/error_code.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

namespace isolatte::pool {

/// A reply that has arrived whole.
struct reply {
  posix::reply_header header;
  detail::byte_buffer payload;
};

/// The pool's side of one worker: its channel, the jobs that it has, what it writes. Decides
/// nothing, and is used from the pool's strand alone.
class worker {
 public:
  /// What the child is to be given, for as long as it takes to make it.
  struct child_side {
    posix::descriptor socket;
    posix::descriptor page;
    posix::descriptor out;
    posix::descriptor err;
  };

  worker(const supervise::strand& on, const options& opts, const std::atomic<bool>& unwanted);

  /// Opens the channel and the streams.
  child_side open(boost::system::error_code& ec);
  void close() noexcept;

  /// Gives the job an id of its own, and sends it, or as much of it as there is room for; the rest
  /// is for flush().
  void give(const std::shared_ptr<job>& what, std::uint64_t id);
  /// The first job is done.
  std::shared_ptr<job> take_first();
  /// Takes a job back.
  /// @return false if the worker has begun with it
  bool take_back(const std::shared_ptr<job>& what);
  /// @return whether everything has gone; otherwise there is no room, or no other end
  bool flush(boost::system::error_code& ec);
  /// Says that there will be no more jobs.
  void retire();

  /// The next reply that is there, none if it has not arrived, or an error.
  std::optional<reply> next_reply(std::size_t most, boost::system::error_code& ec);
  /// What the worker has written since it was asked last.
  void take_output(detail::run_summary& into);

  std::shared_ptr<supervise::supervisor> run;
  supervise::stream_descriptor socket;
  std::optional<supervise::output_reader> out;
  std::optional<supervise::output_reader> err;
  supervise::steady_timer timer;
  /// In the order in which the worker does them.
  std::deque<std::shared_ptr<job>> jobs;
  std::size_t given = 0;
  bool ready = false;
  bool retiring = false;
  bool stopping = false;
  bool writing = false;
  /// It has begun with a job, whatever became of that.
  bool was_of_use = false;
  /// Jobs were taken from it because of its end.
  bool had_jobs = false;
  std::chrono::steady_clock::time_point first_since;
  std::chrono::steady_clock::time_point idle_since;

 private:
  void leave_slot(const job& what) noexcept;
  void receive(boost::system::error_code& ec);

  posix::job_page page_;
  /// A bit for each slot of the page that a job has.
  std::uint64_t slots_taken_ = 0;
  std::vector<std::byte> outbox_;
  std::size_t sent_ = 0;
  std::vector<std::byte> inbox_;
  std::size_t taken_ = 0;
  std::size_t received_ = 0;
  std::optional<reply> partial_;
  std::size_t partial_size_ = 0;
};

}  // namespace isolatte::pool

#endif
