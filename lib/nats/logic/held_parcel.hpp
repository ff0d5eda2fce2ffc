// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_NATS_LOGIC_HELD_PARCEL_HPP
#define ISOLATTE_LIB_NATS_LOGIC_HELD_PARCEL_HPP

#include "logic/moment.hpp"
#include "nats/logic/held_job.hpp"
#include "nats/logic/words.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace isolatte::inline v0_1::nats::logic {

using isolatte::logic::moment;

/// A held parcel's requests to its driver.
enum class parcel_step : std::uint32_t {
  none = 0,
  /// Call take() for every job.
  look = 1 << 0,
  /// Call begin_batch() and publish the results of the jobs in it, until the server has them.
  publish = 1 << 1,
  /// Publish the batches that have no answer once more, with the same message ids.
  publish_again = 1 << 2,
  /// Acknowledge the message, then call acknowledged() when the server has said so.
  acknowledge = 1 << 3,
  /// The parcel is over. Nothing comes after that.
  drop = 1 << 4,
};

constexpr parcel_step operator|(parcel_step a, parcel_step b) noexcept {
  return static_cast<parcel_step>(static_cast<std::uint32_t>(a) | static_cast<std::uint32_t>(b));
}
constexpr parcel_step& operator|=(parcel_step& a, parcel_step b) noexcept { return a = a | b; }
constexpr bool has(parcel_step all, parcel_step one) noexcept {
  return (static_cast<std::uint32_t>(all) & static_cast<std::uint32_t>(one)) != 0;
}

struct held_rules {
  std::chrono::nanoseconds lease = std::chrono::seconds{10};
  /// Results wait for each other so long.
  std::chrono::nanoseconds gather = std::chrono::milliseconds{16};
  /// After so many deliveries a message for whose jobs no farm gives leave is acknowledged.
  std::uint32_t most_deliveries = 10;
};

/// The logic of one message of the stream JOBS on a host that holds it.
///
/// Pure: no clock, no connection, no pool. The driver renews the leases of all messages at once and
/// tells each when a round has been proved.
class held_parcel {
 public:
  /// @param leased_at the server has not handed the message out before
  /// @param deliveries how often it has done so
  /// @param draining the host begins no jobs
  held_parcel(const held_rules& rules, moment leased_at, std::uint32_t deliveries, bool draining,
              std::span<const held_terms> jobs);

  /// Call it first.
  parcel_step open(moment now) noexcept;
  /// The same message has come again. Not if is_over_here().
  parcel_step delivered_again(moment now, moment leased_at, std::uint32_t deliveries) noexcept;
  /// The server has had the renewals that were sent then.
  void renewed(moment sent_at) noexcept;
  parcel_step leave_told(moment now, std::size_t job, leave what) noexcept;
  /// The farm does not answer for the time being.
  void leave_not_told() noexcept { silent_ = true; }
  /// The farm has told its wish for a job.
  parcel_step requested(moment now, std::size_t job, wish what) noexcept;
  /// The submitter is gone.
  parcel_step forget(moment now) noexcept;
  /// The pool has reported the job. The driver keeps the report.
  parcel_step reported(moment now, std::size_t job) noexcept;
  /// The host cannot run the job, and another one may: the server hands the message on.
  parcel_step failed(moment now, std::size_t job) noexcept;
  /// Answers to held_step::take_back.
  parcel_step unbegun(moment now, std::size_t job) noexcept;
  parcel_step begun(moment now, std::size_t job) noexcept;
  /// The host is to end.
  parcel_step drain(moment now) noexcept;
  /// The host ends now: no job goes on here. Results that are there are still told.
  parcel_step end(moment now) noexcept;

  /// Puts the results that are to be published into a batch.
  std::uint64_t begin_batch() noexcept;
  std::uint64_t last_batch() const noexcept { return last_batch_; }
  bool is_in_batch(std::size_t job, std::uint64_t batch) const noexcept {
    return jobs_[job].is_in(batch);
  }
  parcel_step published(moment now, std::uint64_t batch) noexcept;
  /// The server has had the acknowledgement.
  parcel_step acknowledged(moment now) noexcept;

  void connection_down() noexcept;
  /// @param same_stream the stream JOBS is the one of the message
  parcel_step connection_up(moment now, bool same_stream) noexcept;

  parcel_step wake(moment now) noexcept;
  moment wake_at() const noexcept;

  /// The steps that are to be done for a job, told once.
  held_step take(std::size_t job) noexcept;
  std::size_t size() const noexcept { return jobs_.size(); }
  const held_job& job(std::size_t n) const noexcept { return jobs_[n]; }
  std::uint32_t deliveries() const noexcept { return deliveries_; }
  /// Whether the same message, if it comes again, is to be held anew: this one has been fenced.
  bool is_over_here() const noexcept { return abandoned_; }
  /// Jobs that the pool has.
  std::size_t working() const noexcept;
  /// Jobs that are to be run here. Jobs of a farm that does not answer do not count: the farm may
  /// be gone, and a host that waited for it would take no other jobs.
  std::size_t unfinished() const noexcept;
  bool awaits_acknowledgement() const noexcept { return acknowledging_ && !over_; }
  /// When the jobs that the pool has are killed, unless the lease is renewed.
  moment fence_at() const noexcept;

 private:
  parcel_step note(std::size_t job, held_step todo) noexcept;
  parcel_step go_on(moment now) noexcept;
  parcel_step fence(moment now) noexcept;
  bool has_work() const noexcept;
  /// A job is to be given back, and the farm has not been told.
  bool has_returned() const noexcept;

  held_rules rules_;
  moment lease_from_;
  moment batch_at_ = moment::max();
  moment ask_at_ = moment::max();
  std::uint32_t deliveries_;
  bool draining_;
  bool connected_ = true;
  /// The message is not to be acknowledged: the server hands it on, or it is gone.
  bool abandoned_ = false;
  bool acknowledging_ = false;
  bool silent_ = false;
  /// The server does not have the message, so no other host is handed it.
  bool gone_ = false;
  bool over_ = false;
  std::uint64_t last_batch_ = 0;
  std::vector<held_job> jobs_{};
  std::vector<held_step> todo_{};
};

}  // namespace isolatte::inline v0_1::nats::logic

#endif
