// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_NATS_FARM_BODY_HPP
#define ISOLATTE_LIB_NATS_FARM_BODY_HPP

#include "logic/moment.hpp"
#include "nats/farm_jobs.hpp"
#include "nats/farm_waits.hpp"
#include "nats/link/mailbox.hpp"
#include "nats/link/server_link.hpp"
#include "nats/link/strand.hpp"
#include "nats/settings.hpp"
#include "nats/stream_keeper.hpp"
#include "nats/submitted_jobs.hpp"

#include <isolatte/nats.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/system/error_code.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace isolatte::inline v0_1::nats {

/// A farm, from when it is made until it has no work left: its operations, its connection, its
/// timer and its end.
///
/// The public functions may be called by any thread. All else runs on a strand of the user's
/// executor.
class farm_body final : public link::link_events,
                        public link::context_member,
                        public stream_keeper::owner,
                        public farm_jobs::owner,
                        public std::enable_shared_from_this<farm_body> {
  struct only_make {};

 public:
  static std::shared_ptr<farm_body> make(const boost::asio::any_io_executor& executor,
                                         farm_options&& opts);
  farm_body(only_make, const boost::asio::any_io_executor& executor, farm_options&& opts);
  ~farm_body();

  void async_run(std::optional<isolatte::detail::distant_call>&& call, const farm_job_options& opts,
                 isolatte::detail::report_handler&& handler);
  void async_drain(detail::wait_handler&& handler);
  void async_stats(detail::stats_handler&& handler);
  std::shared_ptr<void> promise_jobs();
  void stop();

  void abandon() noexcept override;
  void disown() override;

 private:
  /// Has a function called on the strand, unless the process becomes a copy before. Waits for
  /// memory. For any thread.
  template <class Function>
  void post(Function function);
  /// Calls a function. If memory was short, the rest is done as after the end of a
  /// connection.
  template <class Function>
  void step(Function function);
  /// Whether this process is a copy of the program. Then the jobs are the original's.
  bool notice_copy();
  /// Has an operation that waits cancelled by its handler's slot.
  template <class Pending>
  void let_cancel(Pending& operation, std::uint64_t number);

  void link_up(const link::server_info& server) override;
  void link_down(const boost::system::error_code& ec, const std::string& text) override;
  void link_refused(const boost::system::error_code& ec, const std::string& text) override;
  void link_unreachable(const boost::system::error_code& ec, const std::string& text) override;
  void link_violation(const std::string& text, const std::string& subject) override;
  void streams_found(std::int64_t created, bool made) override;
  void streams_missing() override { set_timer(); }
  void streams_refused(const std::string& why) override;
  void jobs_changed() override { go_on(); }
  void jobs_have_no_stream() override;

  void start();
  void subscribe();
  /// Whether nothing is to be done: then nothing keeps the event loop at work.
  bool is_idle() const noexcept { return jobs_.empty() && waits_.empty(); }
  void submit(std::unique_ptr<submitted_job> job);
  void count(std::uint64_t number, farm_waits::stats handler);
  void refuse_unstored(const boost::system::error_code& ec, const std::string& why);

  /// Done at the end of each event: publishes, tells, sets the timer, tells that no job is left.
  void go_on();
  void set_timer();
  void wake();
  void do_stop();
  /// The farm has been stopped: ends the connection as soon as it has nothing to say any more.
  void server_answered_late();
  void end_connection();

  settings const settings_;
  boost::asio::any_io_executor user_executor_;
  link::strand strand_;
  std::string const submitter_;
  std::string const inbox_;
  std::shared_ptr<link::server_link> link_;
  farm_jobs jobs_;
  farm_waits waits_;
  stream_keeper streams_;
  std::optional<link::timer> timer_;
  moment timer_at_ = moment::max();

  std::atomic<std::uint64_t> last_number_ = 0;
  std::atomic<std::size_t> promises_ = 0;
  std::atomic<bool> is_over_ = false;
  std::atomic<bool> is_copy_ = false;

  /// The farm, which has been stopped, until its connection has ended.
  std::shared_ptr<farm_body> ending_;
  /// The streams are there.
  bool ready_ = false;
  /// Attempts to connect since the link was up.
  std::size_t failed_attempts_ = 0;
  std::string refusal_;
};

}  // namespace isolatte::inline v0_1::nats

#endif
