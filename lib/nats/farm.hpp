// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_NATS_FARM_HPP
#define ISOLATTE_LIB_NATS_FARM_HPP

#include "nats/farm_census.hpp"
#include "nats/job_outcome.hpp"
#include "nats/link/mailbox.hpp"
#include "nats/link/server_link.hpp"
#include "nats/logic/farm_job.hpp"
#include "nats/logic/parcels.hpp"
#include "nats/pending.hpp"
#include "nats/place_inquiry.hpp"
#include "nats/settings.hpp"
#include "nats/wire/parcel.hpp"

#include <isolatte/detail/vocabulary/byte_buffer.hpp>
#include <isolatte/nats.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/error_code.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace isolatte::inline v0_1::nats {

/// The jobs of one submitter: performs what the logic decides.
///
/// The public functions may be called by any thread. All else runs on a strand of the user's
/// executor.
class farm_body final : public link::link_events,
                        public link::context_member,
                        public inquiry_events,
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
  using moment = logic::moment;
  struct submitted;
  struct sent_parcel {
    isolatte::detail::byte_buffer bytes;
    moment at{};
  };
  using drain = pending<boost::system::error_code>;
  using stats = pending<boost::system::error_code, farm_stats>;
  struct census {
    stats handler;
    std::shared_ptr<farm_census> asks;
  };

  /// Has a function called on the strand, unless the process becomes a copy before.
  template <class Function>
  void post(Function function);
  /// Whether this process is a copy of the program. Then the jobs are the original's.
  bool notice_copy();

  void link_up(const link::server_info& server) override;
  void link_down(const boost::system::error_code& ec, const std::string& text) override;
  void link_refused(const boost::system::error_code& ec, const std::string& text) override;
  void link_unreachable(const boost::system::error_code& ec, const std::string& text) override;
  void link_violation(const std::string& text, const std::string& subject) override;
  void delivery_known(std::uint64_t job, std::uint32_t attempt, bool delivered) override;
  void message_removed(std::uint64_t parcel) override;
  void examined(std::uint64_t job, std::uint32_t attempt, logic::finding what) override;
  void stream_gone() override;

  void start();
  void subscribe();
  void set_up();
  void set_up_later();
  void wait_to_set_up();
  /// Whether nothing is to be done: then nothing keeps the event loop at work.
  bool is_idle() const noexcept { return jobs_.empty() && drains_.empty() && censuses_.empty(); }
  void ready(std::int64_t created, bool made);

  void submit(std::unique_ptr<submitted> job);
  void cancel(std::uint64_t number, boost::asio::cancellation_type type);
  void parcels_answered(std::span<link::message> answers);
  void parcel_answered(std::uint64_t parcel, link::message& answer);
  void results_arrived(std::span<link::message> messages);
  void result_arrived(wire::job_result& result, const std::string& host);
  void leave_asked(std::span<link::message> questions);

  void perform(submitted& job, logic::job_step todo, bool was_told = false,
               wire::job_result* result = nullptr, const std::string* host = nullptr);
  /// Performs what a function of each job's machine decides.
  template <class Step>
  void for_each_job(Step step);
  void complete(submitted& job, job_outcome what, bool was_told);
  /// Ends the jobs that the server has never had.
  void refuse_unstored(const boost::system::error_code& ec, const std::string& why);
  void refuse_parcel(std::uint64_t parcel, logic::job_end why);

  /// Done at the end of each event: publishes, tells, sets the timer, tells that no job is left.
  void go_on();
  void flush();
  void publish(std::uint64_t parcel);
  void publish_unanswered(moment sent_before);
  void tell_hosts();
  void forget_message(std::uint64_t place);
  void set_timer();
  void wake();
  void note_wake(submitted& job);
  void complete_drains();
  void do_stop();
  void say_farewell(bool had_jobs);

  submitted* find(std::uint64_t number);
  std::vector<std::uint64_t> numbers() const;
  std::string parcel_id(std::uint64_t parcel) const;

  settings const settings_;
  boost::asio::any_io_executor user_executor_;
  boost::asio::any_io_executor strand_;
  std::string const submitter_;
  std::string const inbox_;
  std::shared_ptr<link::server_link> link_;
  std::shared_ptr<place_inquiry> inquiry_;
  std::optional<boost::asio::steady_timer> timer_;
  std::optional<boost::asio::steady_timer> set_up_timer_;

  std::atomic<std::uint64_t> last_number_ = 0;
  std::atomic<std::size_t> promises_ = 0;
  std::atomic<bool> is_over_ = false;
  std::atomic<bool> is_copy_ = false;

  std::unordered_map<std::uint64_t, std::unique_ptr<submitted>> jobs_;
  logic::parcels parcels_{{}};
  std::map<std::uint64_t, sent_parcel> sent_;
  std::map<std::uint64_t, drain> drains_;
  std::map<std::uint64_t, census> censuses_;
  std::set<std::pair<moment, std::uint64_t>> wakes_;
  moment timer_at_ = moment::max();
  /// Wishes that the hosts are to be told, by the wish.
  std::array<std::vector<std::uint64_t>, static_cast<std::size_t>(logic::last_wish) + 1> to_tell_;

  /// The link is up.
  bool connected_ = false;
  /// The jobs know that the link is up.
  bool jobs_connected_ = false;
  /// The streams are there.
  bool ready_ = false;
  /// Counts the attempts to set up: news of an earlier one is not heard.
  std::uint64_t set_up_number_ = 0;
  unsigned set_up_failures_ = 0;
  /// The next attempt is to come after a while.
  bool set_up_waits_ = false;
  /// The time until then runs.
  bool set_up_timed_ = false;
  std::string server_id_;
  std::string last_server_id_;
  /// When the stream JOBS was made; 0 until the first one is known.
  std::int64_t created_ = 0;
  /// Attempts to connect since the link was up.
  std::size_t failed_attempts_ = 0;
  std::string refusal_;
};

}  // namespace isolatte::inline v0_1::nats

#endif
