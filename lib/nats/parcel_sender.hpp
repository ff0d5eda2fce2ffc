// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_NATS_PARCEL_SENDER_HPP
#define ISOLATTE_LIB_NATS_PARCEL_SENDER_HPP

#include "logic/moment.hpp"
#include "nats/link/server_link.hpp"
#include "nats/logic/farm_job.hpp"
#include "nats/logic/parcels.hpp"
#include "nats/settings.hpp"
#include "nats/wire/parcel.hpp"

#include <isolatte/detail/vocabulary/byte_buffer.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace isolatte::inline v0_1::nats {

using isolatte::logic::moment;

/// Publishes the jobs of a submitter in parcels, until the server has stored or refused them, and
/// deletes the messages that no job needs any more.
class parcel_sender {
 public:
  class owner {
   public:
    /// The job goes into the parcel that is being published.
    virtual wire::parcel_job job_published(std::uint64_t job) = 0;
    virtual void job_stored(std::uint64_t job) = 0;
    virtual void job_refused(std::uint64_t job, logic::job_end why) = 0;
    /// Whether the server has stored the job will not be known.
    virtual void job_unanswered(std::uint64_t job) = 0;
    /// Nothing takes in parcels.
    virtual void stream_gone() = 0;

   protected:
    ~owner() = default;
  };
  /// The message on the server that a job is in.
  struct message {
    std::uint64_t parcel = 0;
    std::uint64_t place = 0;
  };

  /// @param through is stopped before this is destroyed
  /// Answers come to so many places, each with a subscription of its own. If only the
  /// place of an answer is known, the parcel is found unless another one of the place waits, too.
  static constexpr std::uint64_t places = 8;

  /// @param answers the server says under this subject, a place, and the number of a parcel, what
  /// has become of it
  parcel_sender(link::server_link& through, const settings& what, std::string submitter,
                std::string answers, owner& to);

  /// The link is up.
  void connect(std::size_t max_payload);
  /// The stream is there: publishes what has no answer again.
  /// @param same_stream it is the one that was there before, if there was any
  void open(bool same_stream);
  /// The stream is not there, or the link is down.
  void close() noexcept { is_open_ = false; }

  /// Whether a message may be so large.
  bool fits(const wire::parcel_job& job) const noexcept {
    return parcels_.fits(wire::size_in_parcel(job));
  }
  /// The job is to be published with the next flush(). Changes nothing if it throws.
  void add(const wire::parcel_job& job);
  /// The job is settled, or is about to be published again.
  /// @param was_told whether a host has told of it: the host acknowledges the message
  void leave(std::uint64_t job, bool was_told) noexcept;
  void job_ran(std::chrono::nanoseconds time) noexcept { parcels_.ran(time); }
  void flush();
  void answered(std::uint64_t place, std::span<link::message> answers);

  /// @return nothing unless the server has the job in the stream that is there
  std::optional<message> message_of(std::uint64_t job) const noexcept;
  /// The message of the parcel is no longer there.
  /// @return its jobs
  std::vector<std::uint64_t> removed(std::uint64_t parcel);
  /// Jobs have ended that the server never had: what has no answer and no job is not published
  /// again.
  void forget_empty();

  /// Whether the server has not answered a parcel. If it stores one that has no job any more, the
  /// message is deleted.
  bool awaits_answers() const noexcept { return !sent_.empty(); }

  void wake(moment now);
  moment wake_at() const noexcept;

 private:
  struct sent {
    isolatte::detail::byte_buffer bytes;
    moment at{};
  };

  /// Whether jobs wait for others to fill a parcel.
  bool gathers();
  void pack(std::uint64_t parcel);
  void publish(std::uint64_t parcel);
  void publish_unanswered(moment sent_before);
  std::optional<std::uint64_t> only_one_at(std::uint64_t place) const;
  void answer(std::uint64_t parcel, const link::message& what);
  void refuse(std::uint64_t parcel, logic::job_end why);
  void delete_message(std::uint64_t place) noexcept;
  std::string id_of(std::uint64_t parcel) const;

  link::server_link& link_;
  const settings& settings_;
  std::string const submitter_;
  std::string const answers_;
  owner& owner_;
  /// A server that has not answered for so long is sent the parcel again.
  std::chrono::nanoseconds const patience_;
  bool is_open_ = false;
  logic::parcels parcels_{{}};
  std::map<std::uint64_t, sent> sent_;
  /// Its message is still to be made: there was no memory.
  std::optional<std::uint64_t> unpacked_;
  moment flush_at_ = moment::max();
  /// Jobs wait for others until then.
  moment gathers_until_ = moment::max();
};

}  // namespace isolatte::inline v0_1::nats

#endif
