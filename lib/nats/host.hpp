// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_NATS_HOST_HPP
#define ISOLATTE_LIB_NATS_HOST_HPP

#include "nats/held_parcels.hpp"
#include "nats/host_pool.hpp"
#include "nats/job_source.hpp"
#include "nats/link/mailbox.hpp"
#include "nats/link/server_link.hpp"
#include "nats/link/strand.hpp"
#include "nats/logic/pause_watch.hpp"
#include "nats/pending.hpp"
#include "nats/settings.hpp"

#include <isolatte/nats.hpp>
#include <isolatte/worker_pool.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/system/error_code.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace isolatte::inline v0_1::nats {

/// A host, from when it is made until it has told the server all: its operation, its connection,
/// its timer and its end.
///
/// Everything but the functions that say otherwise runs on one strand.
class host final : public link::link_events,
                   public link::context_member,
                   public job_source::owner,
                   public held_parcels::owner,
                   public std::enable_shared_from_this<host> {
  struct only_make {};

 public:
  static std::shared_ptr<host> make(detail::pool_handle& pool, settings what);
  host(only_make, detail::pool_handle& pool, settings what);

  // For any thread.
  const boost::asio::any_io_executor& executor() const noexcept { return executor_; }
  void async_serve(detail::wait_handler handler);
  host_stats stats() const noexcept { return parcels_->stats(); }
  /// The host's owner is gone, and the pool may go next.
  void release() noexcept;

  void link_up(const link::server_info& server) override;
  void link_down(const boost::system::error_code& ec, const std::string& text) override;
  void link_refused(const boost::system::error_code& ec, const std::string& text) override;
  void link_unreachable(const boost::system::error_code& ec, const std::string& text) override;
  void link_violation(const std::string& text, const std::string& subject) override;
  void source_found(std::int64_t stream, std::chrono::nanoseconds lease) override;
  void source_gives(const link::message& what, const wire::delivery& how) override;
  void source_changed() override { rest(); }
  void parcels_changed() override { rest(); }
  void job_ran(std::chrono::nanoseconds time) override { source_.job_ran(time); }
  void pool_refuses() override { source_.take_rest(); }
  void stream_doubted() override { source_.look_again(); }
  void memory_was_short() override;
  void abandon() noexcept override;
  void disown() override;

 private:
  using serve_handler = pending<boost::system::error_code>;
  enum class serving { idle, taking, draining, ending, gone };

  void start();
  /// Has a step done on the strand, unless the host is gone by then. Waits for memory. For any
  /// thread.
  template <class Step>
  void later(Step what);
  /// Does a step. If memory was short, the rest is done as after the end of a connection.
  template <class Step>
  void step(Step what);
  void let_parcels_end();
  void serve(serve_handler handler, std::uint64_t number);
  void cancel(std::uint64_t number, boost::asio::cancellation_type type);
  void finish(boost::system::error_code ec);
  void refused();
  void beat();
  void shut();
  void close() noexcept;

  void requested(const link::message& what);
  void count_asked(const link::message& what);

  /// To be called after everything that may have changed something.
  void rest();
  void set_timer();
  void on_timer();

  settings const settings_;
  std::string const name_;
  boost::asio::any_io_executor const executor_;
  link::strand strand_;
  std::shared_ptr<link::mailbox> const mailbox_;
  host_pool pool_;
  std::shared_ptr<link::server_link> link_;
  job_source source_;
  std::shared_ptr<held_parcels> const parcels_;
  /// The stream and the consumer are known.
  bool connected_ = false;
  /// Why the server does not let this program in.
  boost::system::error_code refusal_;
  /// Attempts to connect since the link was up or the host began to serve.
  std::size_t failed_attempts_ = 0;
  logic::pause_watch pauses_;
  bool is_asking_after_pause_ = false;

  serving serving_ = serving::idle;
  /// The host, whose owner is gone, until it has told the server all.
  std::shared_ptr<host> ending_;
  moment close_at_ = moment::max();
  std::optional<serve_handler> served_;
  std::atomic<std::uint64_t> last_serve_ = 0;
  std::uint64_t this_serve_ = 0;

  std::optional<link::timer> timer_;
  moment timer_at_ = moment::max();
  std::uint64_t timer_number_ = 0;
};

}  // namespace isolatte::inline v0_1::nats

#endif
