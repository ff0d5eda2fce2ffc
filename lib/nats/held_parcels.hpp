// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_NATS_HELD_PARCELS_HPP
#define ISOLATTE_LIB_NATS_HELD_PARCELS_HPP

#include "logic/moment.hpp"
#include "nats/host_pool.hpp"
#include "nats/link/mailbox.hpp"
#include "nats/link/server_link.hpp"
#include "nats/logic/held_parcel.hpp"
#include "nats/logic/life_limit.hpp"
#include "nats/result_sender.hpp"
#include "nats/settings.hpp"
#include "nats/wire/jetstream.hpp"
#include "nats/wire/parcel.hpp"
#include "nats/wire/request.hpp"

#include <isolatte/detail/operation/relayed_job.hpp>
#include <isolatte/detail/task/remote_call.hpp>
#include <isolatte/detail/vocabulary/report.hpp>
#include <isolatte/nats.hpp>
#include <isolatte/pool_options.hpp>

#include <boost/asio/cancellation_type.hpp>
#include <boost/system/error_code.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace isolatte::inline v0_1::nats {

/// The messages of jobs that a host holds: steps their machines with what happens, and performs
/// what these decide. Gives the jobs to the pool, publishes the results, renews the leases.
class held_parcels final : public result_sender::owner,
                           public std::enable_shared_from_this<held_parcels> {
 public:
  class owner {
   public:
    /// The pool, the server or a farm has answered.
    virtual void parcels_changed() = 0;
    /// A job has taken so long.
    virtual void job_ran(std::chrono::nanoseconds time) = 0;
    /// The pool cannot run jobs now.
    virtual void pool_refuses() = 0;
    /// The server does not know of a message that is held: the stream or the consumer may be
    /// another one.
    virtual void stream_doubted() = 0;
    /// There was no memory for a step: all is to be done as after the end of a connection.
    virtual void memory_was_short() = 0;

   protected:
    ~owner() = default;
  };

  /// @param mail has what the pool says brought to the strand, and is closed before the owner ends
  /// @param link is stopped before the owner ends
  held_parcels(std::shared_ptr<link::mailbox> mail, link::server_link& link, const settings& what,
               const std::string& host_name, host_pool& pool, owner& to);

  bool empty() const noexcept { return parcels_.empty(); }
  /// Jobs that are to be run here.
  std::size_t unfinished() const noexcept { return unfinished_; }
  /// Jobs whose results the server has not stored.
  std::size_t untold() const noexcept { return results_.waiting(); }
  /// Whether the results that the server has not stored leave room for those of other jobs.
  bool has_room() const noexcept;
  /// For any thread.
  host_stats stats() const noexcept;

  void connect(std::size_t max_payload) { results_.connect(max_payload); }
  void disconnect();
  /// @param lease so long the server waits for an acknowledgement
  void stream_found(std::int64_t stream, std::chrono::nanoseconds lease);

  /// A message has come.
  /// @param leased_at the server has not handed it out before
  /// @param drains the host begins no jobs
  /// @return so many jobs it has
  std::size_t take(const link::message& what, const wire::delivery& how, std::int64_t stream,
                   moment leased_at, bool drains);
  /// Jobs go on from here on, until end().
  void begin() noexcept { ends_ = false; }
  /// A farm wants something of its jobs.
  void requested(const wire::request& asked);
  /// Gives back what no worker has begun.
  void drain();
  /// So it does, and kills the rest.
  void end();
  bool has_work() const noexcept;
  /// The messages are not held any more: other hosts are handed them.
  void drop_all();
  /// Has what the pool still runs killed. Parcels whose jobs are done are held until the server has
  /// all of that.
  void kill();
  /// Nothing comes after that.
  void forget() noexcept;

  void wake(moment now);
  moment wake_at() const noexcept;

 private:
  using parcel_id = std::uint64_t;
  /// When the stream was made, and the message's number in it.
  using place = std::pair<std::int64_t, std::uint64_t>;

  struct job {
    std::uint64_t number = 0;
    std::uint32_t attempt = 1;
    /// Until the pool has the job.
    std::optional<isolatte::detail::remote_call> call{};
    job_options options{};
    std::shared_ptr<isolatte::detail::relayed_job> in_pool{};
    /// The pool gives it back if no worker has begun it.
    bool is_withdrawn = false;
    /// The pool ends it.
    bool is_cancelled = false;
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
    std::size_t working = 0;
  };

  /// Has a step done on the strand, unless the parcels are gone by then. Waits for memory. For any
  /// thread.
  template <class Step>
  void later(Step what);
  void results_stored(result_sender::batch_id which) override;

  void hold(const wire::parcel& what, const link::message& from, const wire::delivery& how,
            const place& at, moment leased_at, bool drains);
  parcel* find(parcel_id id);
  std::vector<parcel_id> all() const;
  /// @throws std::bad_alloc, and then the rest is asked for again after the next connection
  void apply(parcel_id id, logic::parcel_step todo);
  void perform(parcel_id id, std::size_t n, logic::held_step todo);
  void ask_leave(parcel_id id, std::size_t n);
  void give(parcel_id id, std::size_t n);
  void on_report(parcel_id id, std::size_t n, boost::system::error_code ec,
                 isolatte::detail::report what, bool is_killed);
  void on_kept(parcel_id id, std::size_t n);
  void withdraw(job& what);
  void cancel(job& what, boost::asio::cancellation_type type);
  logic::parcel_step wake(parcel& which, moment at);
  wire::job_result result_of(parcel& of, std::size_t n, logic::told what) const;
  void publish(parcel_id id);
  void acknowledge(parcel_id id);
  void drop(parcel_id id);
  /// Keeps what the host knows of all its parcels.
  void note(parcel_id id, parcel& of);

  void renew();
  void set_watchdog();
  /// No worker has a job of the host's any more.
  void release_watchdog();

  std::shared_ptr<link::mailbox> const mailbox_;
  link::server_link& link_;
  const settings& settings_;
  host_pool& pool_;
  owner& owner_;
  result_sender results_;

  std::map<parcel_id, parcel> parcels_;
  std::map<place, parcel_id> by_place_;
  std::set<std::pair<moment, parcel_id>> wakes_;
  parcel_id last_parcel_ = 0;
  std::size_t unfinished_ = 0;
  std::size_t working_ = 0;
  std::mt19937_64 random_;
  /// The stream and the consumer are known.
  bool connected_ = false;
  /// No job goes on.
  bool ends_ = false;
  std::chrono::nanoseconds lease_;
  moment renew_at_ = moment::max();
  logic::life_limit limit_;

  struct counters {
    std::atomic<std::uint64_t> taken = 0, again = 0, done = 0, fenced = 0, refused = 0;
  } counters_;
};

}  // namespace isolatte::inline v0_1::nats

#endif
