// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_NATS_HOST_HPP
#define ISOLATTE_LIB_NATS_HOST_HPP

#include "nats/job_source.hpp"
#include "nats/link/mailbox.hpp"
#include "nats/link/server_link.hpp"
#include "nats/logic/held_parcel.hpp"
#include "nats/pending.hpp"
#include "nats/pool_job.hpp"
#include "nats/result_sender.hpp"
#include "nats/settings.hpp"
#include "nats/watchdog.hpp"
#include "nats/wire/parcel.hpp"
#include "nats/wire/request.hpp"

#include <isolatte/detail/operation/relayed_job.hpp>
#include <isolatte/detail/task/remote_call.hpp>
#include <isolatte/detail/vocabulary/report.hpp>
#include <isolatte/nats.hpp>
#include <isolatte/pool_options.hpp>
#include <isolatte/worker_pool.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/error_code.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace isolatte::inline v0_1::nats {

/// Performs what the machines of held parcels decide: takes messages, gives their jobs to a pool,
/// and publishes the results.
///
/// Everything but the functions that say otherwise runs on one strand.
class host final : public link::link_events,
                   public link::context_member,
                   public job_source::owner,
                   public result_sender::owner,
                   public std::enable_shared_from_this<host> {
  struct only_make {};

 public:
  static std::shared_ptr<host> make(detail::pool_handle& pool, settings what);
  host(only_make, detail::pool_handle& pool, settings what);

  // For any thread.
  const boost::asio::any_io_executor& executor() const noexcept { return executor_; }
  void async_serve(detail::wait_handler handler);
  host_stats stats() const noexcept;
  /// The host's owner is gone, and the pool may go next.
  void release() noexcept;

  void link_up(const link::server_info& server) override;
  void link_down(const boost::system::error_code& ec, const std::string& text) override;
  void link_refused(const boost::system::error_code& ec, const std::string& text) override;
  void link_violation(const std::string& text, const std::string& subject) override;
  void source_found(std::int64_t stream, std::chrono::nanoseconds lease) override;
  void source_gives(const link::message& what, const wire::delivery& how) override;
  void results_stored(result_sender::batch_id which) override;
  void abandon() noexcept override;
  void disown() override;

 private:
  using parcel_id = std::uint64_t;
  using place = std::pair<std::int64_t, std::uint64_t>;
  using serve_handler = pending<boost::system::error_code>;

  struct job {
    std::uint64_t number = 0;
    std::uint32_t attempt = 1;
    /// Until the pool has the job.
    std::optional<isolatte::detail::remote_call> call{};
    job_options options{};
    std::shared_ptr<isolatte::detail::relayed_job> in_pool{};
    boost::system::error_code ec{};
    std::unique_ptr<isolatte::detail::report> report{};
  };
  struct parcel {
    place at{};
    /// The subject for acknowledgements.
    std::string reply;
    std::string submitter;
    std::vector<job> jobs;
    logic::held_parcel machine;
    moment wake_at = moment::max();
    std::size_t unfinished = 0;
  };
  enum class serving { idle, taking, draining, ending };

  void start();
  /// Has a step done on the strand, unless the host is gone by then. For any thread.
  template <class Step>
  void later(Step what);
  void serve(serve_handler handler, std::uint64_t number);
  void cancel(std::uint64_t number, boost::asio::cancellation_type type);
  void drain();
  void finish(boost::system::error_code ec);
  void shut() noexcept;

  void hold(const wire::parcel& what, const link::message& from, const wire::delivery& how);
  void requested(const link::message& what);
  void count_asked(const link::message& what);
  void ask_leave(parcel_id id, std::size_t n);
  void give(parcel_id id, std::size_t n);
  void on_report(parcel_id id, std::size_t n, boost::system::error_code ec,
                 isolatte::detail::report what, bool is_killed);
  void on_kept(parcel_id id, std::size_t n);
  wire::job_result result_of(parcel& of, std::size_t n, logic::told what) const;

  parcel* find(parcel_id id);
  std::vector<parcel_id> all() const;
  void apply(parcel_id id, logic::parcel_step todo);
  void perform(parcel_id id, std::size_t n, logic::held_step todo);
  void publish(parcel_id id);
  void acknowledge(parcel_id id);
  void drop(parcel_id id);
  /// Keeps what the host knows of all its parcels.
  void note(parcel_id id, parcel& of);

  void renew();
  void set_watchdog();
  /// To be called after everything that may have changed something.
  void rest();
  void set_timer();
  void on_timer();

  settings const settings_;
  std::string const name_;
  boost::asio::any_io_executor const executor_;
  boost::asio::any_io_executor strand_;
  std::shared_ptr<link::mailbox> const mailbox_;
  std::shared_ptr<watchdog> const watchdog_;
  std::shared_ptr<std::atomic<std::uint64_t>> const running_ =
      std::make_shared<std::atomic<std::uint64_t>>(0);

  /// Held while the pool is used, which may complete other jobs, and those destroy the host.
  std::recursive_mutex pool_mutex_;
  detail::pool_handle* pool_;

  std::shared_ptr<link::server_link> link_;
  job_source source_;
  result_sender results_;
  bool connected_ = false;
  /// Why the server does not let this program in.
  boost::system::error_code refusal_;

  serving serving_ = serving::idle;
  std::optional<serve_handler> served_;
  std::atomic<std::uint64_t> last_serve_ = 0;
  std::uint64_t this_serve_ = 0;

  std::chrono::nanoseconds lease_;
  std::map<parcel_id, parcel> parcels_;
  std::map<place, parcel_id> by_place_;
  std::set<std::pair<moment, parcel_id>> wakes_;
  /// Jobs that are to be run here.
  std::size_t unfinished_ = 0;
  parcel_id last_parcel_ = 0;
  std::mt19937_64 random_;
  moment renew_at_ = moment::max();
  /// The earliest moment at which a job is to be killed, as the watchdog knows.
  moment guarded_until_ = moment::max();

  std::optional<boost::asio::steady_timer> timer_;
  moment timer_at_ = moment::max();
  std::uint64_t timer_number_ = 0;

  struct counters {
    std::atomic<std::uint64_t> taken = 0, again = 0, done = 0, fenced = 0, refused = 0;
  } counters_;
};

}  // namespace isolatte::inline v0_1::nats

#endif
