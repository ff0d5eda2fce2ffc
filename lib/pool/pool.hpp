// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POOL_POOL_HPP
#define ISOLATTE_LIB_POOL_POOL_HPP

#include "launch/template_process.hpp"
#include "logic/pool_policy.hpp"
#include "pool/job.hpp"
#include "pool/worker.hpp"
#include "supervise/context_service.hpp"
#include "supervise/executors.hpp"
#include "supervise/pending_handler.hpp"

#include <isolatte/detail/operation/operation.hpp>
#include <isolatte/detail/task/remote_call.hpp>
#include <isolatte/pool_options.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/system/error_code.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <list>
#include <memory>
#include <vector>

namespace isolatte::pool {

/// Jobs and workers: who does what, and what becomes of both. Everything but the making and the
/// statistics is done on a strand.
class pool final : public supervise::context_bound, public std::enable_shared_from_this<pool> {
  struct only_make {};

 public:
  using drain_handler = boost::asio::any_completion_handler<void(boost::system::error_code)>;

  static std::shared_ptr<pool> make(const boost::asio::any_io_executor& executor, pool_options opts,
                                    boost::system::error_code& ec);
  pool(only_make, const boost::asio::any_io_executor& executor, pool_options opts);

  const boost::asio::any_io_executor& executor() const noexcept { return executor_; }
  std::size_t concurrency() const noexcept { return policy_.workers; }

  void async_run(const detail::remote_call& call, const job_options& opts,
                 detail::report_handler handler);
  void async_drain(drain_handler handler);
  void stop();
  /// Its owner goes: stops it, and hands over no more lines.
  void release();
  pool_stats stats() const;

  void abandon() noexcept override;

 private:
  using job_pointer = std::shared_ptr<job>;
  using worker_pointer = std::shared_ptr<worker>;
  using clock = std::chrono::steady_clock;
  using pending_drain = supervise::basic_pending_handler<boost::system::error_code>;

  template <class Step>
  void enter(Step what);
  void accept(job_pointer what);
  void cancel(const job_pointer& what, boost::asio::cancellation_type type);
  void dispatch();
  worker_pointer choose() const;
  void give(const worker_pointer& to, const job_pointer& what);
  void flush(const worker_pointer& to);
  void even_out();
  bool is_busy() const noexcept;

  void maintain();
  void start_worker();
  void start_failed(const boost::system::error_code& ec);
  void retry_later();
  void await_replies(const worker_pointer& from);
  void await_output(const worker_pointer& from,
                    std::optional<supervise::output_reader> worker::* which);
  bool read_some_replies(const worker_pointer& from);
  void take_reply(const worker_pointer& from, reply what);
  void take_readiness(const worker_pointer& from, reply what);
  void first_changed(const worker_pointer& of);
  void on_timeout(const worker_pointer& of, const job_pointer& what);
  void stop_worker(const worker_pointer& which, boost::asio::cancellation_type type,
                   std::chrono::nanoseconds grace);
  void requeue(const worker_pointer& from);
  void became_idle(const worker_pointer& which);
  void await_idleness();
  void on_end(const worker_pointer& which, const boost::system::error_code& ec,
              detail::report what);
  void take_output(const worker_pointer& from, detail::run_summary& into);

  void complete(const job_pointer& what, const boost::system::error_code& ec,
                detail::report report);
  void refuse(const job_pointer& what, const boost::system::error_code& ec, const char* why);
  void refuse_queued(const boost::system::error_code& ec, const char* why);
  void break_down(detail::byte_buffer why);
  void check_drained();
  void count();

  boost::asio::any_io_executor const executor_;
  supervise::strand strand_;
  supervise::context_service::membership membership_;
  pool_options const opts_;
  logic::pool_policy const policy_;
  std::shared_ptr<launch::template_process> server_;
  std::uint64_t next_id_ = 1;

  std::deque<job_pointer> queued_;
  std::list<worker_pointer> workers_;
  std::vector<pending_drain> drains_;
  supervise::steady_timer retry_timer_;
  supervise::steady_timer idle_timer_;
  bool retrying_ = false;
  bool awaiting_idleness_ = false;
  bool stopped_ = false;
  /// Whoever wanted lines has gone.
  std::atomic<bool> unwanted_ = false;
  bool broken_ = false;
  detail::byte_buffer why_broken_;
  /// Workers in a row that ended before they were of use.
  unsigned failed_starts_ = 0;
  /// Workers in a row that the system would not make.
  unsigned refused_starts_ = 0;
  std::size_t ends_to_replace_ = 0;

  struct {
    std::atomic<std::uint64_t> started = 0;
    std::atomic<std::size_t> running = 0;
    std::atomic<std::size_t> queued = 0;
    std::array<std::atomic<std::uint64_t>, 11> endings{};
    std::atomic<std::size_t> workers = 0;
    std::atomic<std::uint64_t> restarts = 0;
    std::atomic<std::int64_t> busy = 0;
  } counters_;
};

}  // namespace isolatte::pool

#endif
