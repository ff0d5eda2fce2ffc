// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_SUPERVISE_SUPERVISOR_HPP
#define ISOLATTE_LIB_SUPERVISE_SUPERVISOR_HPP

#include "logic/frame.hpp"
#include "logic/run_machine.hpp"
#include "posix/child_ends.hpp"
#include "posix/child_page.hpp"
#include "posix/child_process.hpp"
#include "supervise/context_service.hpp"
#include "supervise/executors.hpp"
#include "supervise/made_process.hpp"
#include "supervise/observed_job.hpp"
#include "supervise/operation_memory.hpp"
#include "supervise/output_reader.hpp"
#include "supervise/pending_handler.hpp"
#include "supervise/talk.hpp"

#include <isolatte/detail/operation/operation.hpp>
#include <isolatte/options.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/error.hpp>
#include <boost/system/error_code.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace isolatte::inline v0_1::supervise {

/// Turns the addresses of a fault into text, without blocking. Calls `then` in any thread, perhaps
/// before it returns.
using symbolise_function =
    std::function<void(const boost::asio::any_io_executor& executor,
                       const posix::fault_record& fault, std::function<void(std::string)> then)>;

/// Waits for a child on behalf of its run.
class run_queue {
 public:
  /// A run that has no child yet was cancelled. Called in any thread.
  virtual void cancelled_in_queue() noexcept = 0;

 protected:
  ~run_queue() = default;
};

/// Watches one child from its start to its end: performs with Asio what logic::run_machine decides.
///
/// The sequence is the same however the child is made: make() opens and registers everything that
/// can fail; launch makes a child with ends(); begin() takes the child. Everything runs on a strand
/// of the operation's executor.
class supervisor final : public context_bound,
                         public talk_owner,
                         public std::enable_shared_from_this<supervisor> {
  struct only_make {};

 public:
  static std::shared_ptr<supervisor> make(const boost::asio::any_io_executor& executor,
                                          const options& opts, posix::inherited_streams inherited,
                                          symbolise_function symbolise, detail::talk_wish&& wish,
                                          boost::system::error_code& ec);
  supervisor(only_make, const boost::asio::any_io_executor& executor, const options& opts,
             symbolise_function symbolise, bool asks_callable,
             const std::shared_ptr<operation_memory>& room);
  ~supervisor();

  /// The child's number, 0 as long as there is none. For any thread.
  int pid() const noexcept { return pid_; }
  /// The child's ends of streams and channel; begin() closes them in this process.
  const posix::child_ends& ends() const noexcept { return child_ends_; }

  /// The conversation with the callable, or null.
  const std::shared_ptr<supervise::talk>& conversation() const noexcept { return talk_; }

  /// The memory for what belongs to this run, until begin().
  const std::shared_ptr<operation_memory>& room() const noexcept { return room_; }

  /// Takes the child on. Nothing here fails.
  void begin(std::shared_ptr<posix::child_process> process, posix::child_page page);

  /// Has observers told of the run. To be called before begin().
  void observe(observed_job what) noexcept { observed_ = std::move(what); }

  /// Says what the child's sandbox does not hold. To be called before begin().
  void set_gaps(std::vector<std::string> gaps) noexcept { gaps_ = std::move(gaps); }
  const std::vector<std::string>& gaps() const noexcept { return gaps_; }

  /// Takes the child on while other threads may be running steps of this run.
  void begin_later(std::shared_ptr<posix::child_process> process, posix::child_page page);

  /// Says who is to be told of a cancellation before begin().
  void wait_in(std::weak_ptr<run_queue> queue) noexcept { queue_ = std::move(queue); }

  /// Completes with the outcome. Cancelling ends the child. To be called before begin().
  void async_own(detail::report_handler handler);
  /// Completes with this error: no child could be made.
  void fail(const boost::system::error_code& ec, const char* step);
  /// Does the same, and says in the report why.
  void fail(const boost::system::error_code& ec, detail::report why);
  /// Does the same before any other function can have been called for a child, and closes the
  /// descriptors at once: there may be too few of them.
  void refuse(const boost::system::error_code& ec, const char* step);
  /// Ends the child as a cancellation does, and completes with this error instead.
  void abort(const boost::system::error_code& ec);
  /// Ends the child as a cancellation of that type does, with a grace of its own.
  void stop(boost::asio::cancellation_type type, std::chrono::nanoseconds grace);
  /// Lets the child go on if somebody has stopped it.
  void wake();
  /// The child's result is not wanted: spares its descriptor.
  void forgo_result();
  /// Whether the operation was cancelled before there was a child.
  bool cancelled_before_begin() const noexcept {
    return early_cancel_ != boost::asio::cancellation_type::none;
  }
  /// Whether this process is a copy of the program that began the operation.
  bool disowned() const noexcept { return disowned_; }
  /// Keeps the companion until the run is over, or is given up.
  void attach(std::shared_ptr<void> companion) noexcept { companion_ = std::move(companion); }

  /// Completes with the outcome. Cancelling ends the wait alone.
  void async_wait(detail::report_handler handler);

  /// Says, before the run begins, that the child becomes another program.
  void expect_program() noexcept { is_program_ = true; }

  /// Keeps the outcome for a handle until release_by_owner(), even if no wait for it has begun. To
  /// be called before begin().
  /// @param place where the child's process is put
  void hold(std::shared_ptr<made_process> place) {
    made_ = std::move(place);
    held_ = shared_from_this();
  }
  /// Keeps the child from being made, or ends it.
  void cancel_by_owner(boost::asio::cancellation_type type) { ask_to_cancel(type); }
  /// To be called before a use of the child: if this process is a copy of the program, the event
  /// loop is told so. Otherwise it would take the original's events.
  void notice_copy() noexcept { membership_.notice_copy(); }
  /// Says that the holder of the handle has SIGKILL sent.
  void set_terminated_by_owner() noexcept { terminated_by_owner_ = true; }
  /// Kills and reaps the child before it returns, or keeps it from being made; a pending wait is
  /// aborted.
  void release_by_owner();

  /// Kills and reaps the child and drops the handler: the execution context is being destroyed.
  void abandon() noexcept override;
  /// Completes with `operation_aborted` and a lost child.
  void disown() override;

  void talk_refused(const char* reason, std::exception_ptr why) noexcept override;
  void talk_over() noexcept override;

 private:
  using self_pointer = std::shared_ptr<supervisor>;

  void open(const options& opts, posix::inherited_streams inherited, boost::system::error_code& ec);
  void open_talk(const options& opts, detail::talk_wish&& wish, boost::system::error_code& ec);
  void perform(logic::action todo);

  template <class Step>
  class counted_step;
  /// Wraps a step so that it is counted, keeps this alive, and completes what the step made ready.
  template <class Step>
  counted_step<Step> counted(Step what);
  template <class Step>
  void later(Step what);
  void settle(self_pointer self);

  void watch_end();
  void await_end();
  void poll_end(std::chrono::steady_clock::duration interval);
  void expect_end();
  /// @return whether the child has ended
  bool look_for_end();
  /// Holds the completion back until those of the killed group that have become children of this
  /// process are reaped, but no longer than that.
  void await_group(std::chrono::steady_clock::duration interval,
                   std::chrono::steady_clock::duration left);
  template <class Step>
  bool wait(rarely_used<steady_timer>& which, std::chrono::steady_clock::time_point until,
            Step then) noexcept;
  /// @return false if there is no memory for another timer
  bool arm(rarely_used<steady_timer>& which, std::chrono::nanoseconds after,
           void (supervisor::*then)()) noexcept;
  void reserve_deadline();
  void on_deadline();
  void on_grace_over();
  void ask_to_cancel(boost::asio::cancellation_type type);
  void cancel(boost::asio::cancellation_type type);
  void cancel_wait(std::uint64_t which);
  void released();
  void lose();

  void await_channel();
  void read_channel();
  void close_channel();
  void await_output(rarely_used<output_reader>& which);
  void read_output(rarely_used<output_reader>& which);
  void drain_output();
  void drain();
  void drained_one();
  void prepare_early();
  void kill();
  void symbolise();

  void end_unbegun(const boost::system::error_code& ec, detail::report why);
  void deliver_early();
  void finish(self_pointer self);
  void complete(const boost::system::error_code& ec, detail::report what);
  detail::report make_report() noexcept;
  void close_io() noexcept;

  boost::asio::any_io_executor const executor_;
  std::shared_ptr<operation_memory> const room_;
  strand strand_;
  context_service::membership membership_;
  symbolise_function const symbolise_;
  bool is_program_ = false;
  observed_job observed_;
  logic::run_machine machine_;
  std::optional<std::chrono::nanoseconds> const timeout_;
  std::chrono::nanoseconds grace_;

  posix::child_ends child_ends_;
  std::shared_ptr<posix::child_process> process_;
  std::atomic<int> pid_ = 0;
  posix::child_page page_;
  std::atomic<bool> terminated_by_owner_ = false;
  std::atomic<boost::asio::cancellation_type> early_cancel_ = boost::asio::cancellation_type::none;
  std::weak_ptr<run_queue> queue_;
  /// Why the child may not be killed.
  boost::system::error_code refusal_;
  /// The types of cancellation that a step on its way is to perform.
  std::atomic<unsigned> asked_to_cancel_ = 0;
  boost::system::error_code abort_error_ = boost::asio::error::operation_aborted;
  std::shared_ptr<void> companion_;
  std::optional<posix::reaped_child> reaped_;
  std::optional<posix::fault_record> fault_;
  std::string trace_;
  std::vector<std::string> gaps_;

  /// Lent to Asio: process_ owns the descriptor.
  stream_descriptor end_;
  stream_descriptor channel_;
  logic::frame_reader frame_;
  std::shared_ptr<supervise::talk> talk_;
  bool talk_is_over_ = true;
  /// Why a message could not be taken.
  const char* talk_refusal_ = "";
  std::exception_ptr talk_failure_;
  rarely_used<output_reader> out_;
  rarely_used<output_reader> err_;
  rarely_used<steady_timer> deadline_;
  rarely_used<steady_timer> grace_timer_;
  rarely_used<steady_timer> poll_timer_;
  rarely_used<steady_timer> group_timer_;
  std::chrono::steady_clock::duration poll_interval_{};
  /// The system has refused to kill the child.
  bool kill_is_due_ = false;
  std::optional<std::chrono::steady_clock::time_point> refused_since_;

  /// The number of steps under way. The operation completes after the last.
  std::atomic<int> outstanding_ = 0;
  bool draining_ = false;
  bool early_ = false;
  bool early_ready_ = false;
  bool complete_ = false;
  bool finished_ = false;
  std::atomic<bool> disowned_ = false;
  std::atomic<bool> released_ = false;
  bool delivered_ = false;
  /// Emplaced, never assigned: Boost 1.81's assignment of a handler in it never returns.
  std::optional<pending_handler> handler_;
  /// Each wait has a number, so that the cancellation of one cancels no other.
  std::atomic<std::uint64_t> waits_ = 0;
  std::uint64_t waiting_ = 0;
  /// The outcome as long as no wait for it has begun.
  rarely_used<detail::report> ready_;
  boost::system::error_code ready_error_;
  /// Keeps the outcome for a handle; reset by the handle, or when the execution context ends.
  self_pointer held_;
  std::shared_ptr<made_process> made_;
};

}  // namespace isolatte::inline v0_1::supervise

#endif
