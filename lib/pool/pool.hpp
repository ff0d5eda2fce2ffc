// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POOL_POOL_HPP
#define ISOLATTE_LIB_POOL_POOL_HPP

#include "launch/child_source.hpp"
#include "logic/pool_machine.hpp"
#include "pool/everywhere.hpp"
#include "pool/job.hpp"
#include "pool/retired_counts.hpp"
#include "pool/start_failures.hpp"
#include "pool/wait_list.hpp"
#include "pool/worker.hpp"
#include "supervise/context_service.hpp"
#include "supervise/executors.hpp"
#include "supervise/pending_handler.hpp"
#include "vocabulary/errors.hpp"
#include "vocabulary/number_of_endings.hpp"

#include <isolatte/detail/operation/operation.hpp>
#include <isolatte/detail/task/remote_call.hpp>
#include <isolatte/pool_options.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/intrusive/list.hpp>
#include <boost/system/error_code.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace isolatte::inline v0_1::pool {

/// Jobs and workers on an event loop: performs what logic::pool_machine decides.
///
/// Everything but the making and the statistics is done on a strand.
class pool final : public supervise::context_bound, public std::enable_shared_from_this<pool> {
  struct only_make {};

 public:
  using server_pointer = std::shared_ptr<launch::child_source>;
  using wait_handler = boost::asio::any_completion_handler<void(boost::system::error_code)>;

  static std::shared_ptr<pool> make(const boost::asio::any_io_executor& executor, pool_options opts,
                                    detail::refusal& why);
  /// Makes one with a single worker, for whose state the jobs are meant.
  static std::shared_ptr<pool> make_bound(const boost::asio::any_io_executor& executor,
                                          pool_options opts, logic::bound_state state,
                                          server_pointer source, detail::refusal& why);
  pool(only_make, const boost::asio::any_io_executor& executor, pool_options opts,
       logic::bound_state state);

  const boost::asio::any_io_executor& executor() const noexcept { return executor_; }
  std::size_t concurrency() const noexcept { return counters_.size; }

  void async_run(const detail::remote_call& call, const job_options& opts,
                 detail::report_handler handler);
  void async_drain(wait_handler handler);
  void async_recycle(wait_handler handler);
  void async_ready(wait_handler handler);
  void async_resize(std::size_t workers, wait_handler handler);
  /// Ends the worker, and completes when another one is ready.
  void async_restart(wait_handler handler);
  /// worker_id::generation of the worker that has become ready last; 0 without one.
  std::uint64_t generation() const noexcept { return counters_.generation; }
  /// The number of the worker that has become ready last; 0 after its end.
  int worker_pid() noexcept {
    membership_.notice_copy();
    return counters_.pid;
  }
  void async_run_everywhere(const detail::remote_call& call, const job_options& opts,
                            detail::reports_handler handler);
  start_failures::failure last_start_failure() const { return start_failures_.last(); }
  void resume();
  /// Jobs that will come: no drain completes as long as the result lives.
  std::shared_ptr<void> promise_jobs();
  void stop();
  /// Its owner goes: stops it, and hands over no more lines.
  void release();
  pool_stats stats() const;

  /// Runs a job whose messages are taken on an executor of their own.
  void async_run_on(const boost::asio::any_io_executor& talk_executor,
                    const detail::remote_call& call, const job_options& opts,
                    detail::report_handler handler);
  /// Does the same, and gives the job.
  std::shared_ptr<job> submit(const boost::asio::any_io_executor& talk_executor,
                              const detail::remote_call& call, const job_options& opts,
                              detail::report_handler handler,
                              std::shared_ptr<detail::job_witness> witness = {});
  /// There is news of the job's conversation.
  void heed_talk(job& what);

  /// Ends a job as a cancellation does. For any thread; fails for no lack of memory.
  void ask_to_cancel(const std::shared_ptr<job>& what, boost::asio::cancellation_type type);
  /// Ends a job if no worker has begun it. For any thread; fails for no lack of memory.
  void ask_to_withdraw(const std::shared_ptr<job>& what);
  /// The job's handle goes: ends the job and its conversation. For any thread; fails for no lack of
  /// memory.
  void forsake(const std::shared_ptr<job>& what);

  void abandon() noexcept override;
  /// Completes all jobs and forgets all workers. More are made when there is a job for them.
  void disown() override;

 private:
  using job_pointer = std::shared_ptr<job>;
  using worker_pointer = std::shared_ptr<worker>;
  using clock = std::chrono::steady_clock;
  using pending_wait = supervise::basic_pending_handler<boost::system::error_code>;
  struct recycling {
    std::uint64_t number;
    pending_wait handler;
    /// The fork server for the workers to come; null once they come from it.
    server_pointer fresh;
  };
  friend flush_step;
  friend job;

  template <class Step>
  void enter(Step what);
  template <class Begin>
  void wait_in(wait_list pool::* list, wait_handler handler, Begin begin);
  void heed_copy();
  void settle();
  bool perform(const logic::pool_action& todo);
  void set_timer();
  void tick_later();
  void tick();

  void accept(job_pointer what);
  void admit(job_pointer what);
  void cancel(const job_pointer& what, unsigned types);
  void request(const job_pointer& what, unsigned types);
  void give(worker& to, job& what);
  static void tell_start(worker& by) noexcept;
  void flush(const worker_pointer& to);

  void start_worker(std::optional<std::size_t> slot);
  detail::remote_call worker_call(const worker::child_side& child, std::uint64_t generation,
                                  std::optional<std::size_t> slot) const;
  std::shared_ptr<job> make_job(const boost::asio::any_io_executor& talk_executor,
                                const detail::remote_call& call, const job_options& opts) const;
  supervise::observed_job observe_job() const noexcept;
  std::shared_ptr<job> make_check() const;
  void start_refused(const boost::system::error_code& ec);
  void await_replies(const worker_pointer& from);
  void await_output(const worker_pointer& from,
                    std::optional<supervise::output_reader> worker::* which);
  /// @return whether something has come
  bool read_replies(worker& from);
  void spin_on();
  void post_spin();
  void spin();
  void take_reply(worker& from, reply what);
  void take_readiness(worker& from, reply what);
  void take_retirement(worker& from, const reply& what);
  void on_end(const worker_pointer& which, const boost::system::error_code& ec,
              detail::report what);
  void complete_lost(worker& with, const logic::lost_job& lost,
                     std::chrono::steady_clock::time_point since,
                     const boost::system::error_code& ec, detail::run_summary summary);
  void drop_output(worker& from);
  void take_output(worker& from, detail::run_summary& into);

  void complete(job& what, const boost::system::error_code& ec, detail::report report);
  void complete_now(job& what, const boost::system::error_code& ec, detail::report report);
  void refuse(job& what, logic::job_end how);
  void note_failed_start(worker& which, const boost::system::error_code& ec, detail::report& what);
  void tell_failed_start(start_failures::failure what);
  void run_everywhere(const std::shared_ptr<everywhere>& all, const detail::remote_call& call,
                      const job_options& opts);
  void resize(std::size_t workers, std::uint64_t number);
  void check_drained();
  void lose_promise();
  void check_standing();
  void begin_recycling(std::list<recycling>& place);
  void take_server(std::uint64_t number, const boost::system::error_code& ec);
  void check_recycled();
  void use_server(const server_pointer& which, std::uint64_t number);
  void go_back();
  void cancel_recycling(std::uint64_t number);
  void close_unused_servers();
  void count();

  boost::asio::any_io_executor const executor_;
  pool_options const opts_;
  logic::pool_policy const policy_;
  std::uint64_t const number_ = supervise::observed_job::next_pool();
  /// By slot, as the workers are told.
  std::vector<detail::byte_buffer> places_;
  supervise::strand strand_;
  supervise::context_service::membership membership_;
  /// Guards the fork servers, which stop() closes in any thread. They are changed on the strand.
  std::mutex servers_mutex_;
  server_pointer server_;
  /// Servers that are not ready yet, and servers whose last workers are leaving.
  std::list<server_pointer> other_servers_;
  std::uint64_t next_id_ = 1;
  std::uint64_t generations_ = 0;

  logic::pool_machine machine_;
  bool settling_ = false;
  supervise::kept_step<&pool::tick> tick_step_;
  bool tick_is_posted_ = false;
  /// The event loop looks for replies until then.
  clock::time_point spins_until_;
  supervise::kept_step<&pool::spin> spin_step_;
  bool spins_ = false;
  /// Jobs that are not done, which keep themselves alive.
  boost::intrusive::list<job, boost::intrusive::member_hook<job, job::kept_hook, &job::in_kept>>
      kept_;
  /// Jobs that are done, and whose conversations are not over.
  std::size_t held_ = 0;
  std::list<worker_pointer> workers_;
  std::atomic<std::uint64_t> waits_asked_ = 0;
  wait_list drains_;
  /// Waits until all workers stand.
  wait_list standing_;
  /// Handlers on the strand at once that there is memory for.
  std::size_t most_workers_;
  std::list<recycling> recyclings_;
  std::atomic<std::uint64_t> recyclings_asked_ = 0;
  /// The recycling that server_ comes from.
  std::uint64_t recycled_ = 0;
  /// The server that the machine may go back to, and the recycling that it comes from.
  server_pointer before_;
  std::uint64_t recycled_before_ = 0;
  std::atomic<std::size_t> promises_ = 0;
  supervise::kept_step<&pool::lose_promise> drain_check_;
  std::atomic<bool> drain_check_is_posted_ = false;
  supervise::steady_timer timer_;
  clock::time_point timer_set_to_ = clock::time_point::max();
  /// Set before the fork server ends, so that its end is known to be the pool's doing.
  std::atomic<bool> stop_asked_ = false;
  /// This process is a copy of the program, and jobs and workers are the original's.
  std::atomic<bool> disowned_ = false;
  /// Lines are not handed over any more.
  std::atomic<bool> unwanted_ = false;
  start_failures start_failures_;
  retired_counts retired_;
  boost::system::error_code last_refusal_;
  /// The promises of the workers' sandbox that cannot be kept, for which it was refused.
  std::vector<std::string> refused_gaps_;

  struct {
    std::atomic<std::size_t> size = 0;
    std::atomic<std::uint64_t> started = 0;
    std::atomic<std::size_t> running = 0;
    std::atomic<std::size_t> queued = 0;
    std::array<std::atomic<std::uint64_t>, detail::number_of_endings> endings{};
    std::atomic<std::size_t> workers = 0;
    std::atomic<std::uint64_t> restarts = 0;
    std::atomic<std::int64_t> busy = 0;
    std::atomic<std::uint64_t> generation = 0;
    std::atomic<int> pid = 0;
  } counters_;
};

}  // namespace isolatte::inline v0_1::pool

#endif
