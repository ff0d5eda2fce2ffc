// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_NATS_LOGIC_PARCELS_HPP
#define ISOLATTE_LIB_NATS_LOGIC_PARCELS_HPP

#include "logic/moment.hpp"
#include "nats/logic/mean_time.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <unordered_map>
#include <vector>

namespace isolatte::inline v0_1::nats::logic {

using isolatte::logic::moment;

struct parcel_limits {
  std::size_t jobs = 64;
  /// The time that the jobs of a parcel may take together.
  std::chrono::nanoseconds time = std::chrono::milliseconds{16};
  /// A parcel with more than one job has no more bytes.
  std::size_t bytes = 128 * 1024;
  /// Parcels that have been published and have no answer.
  std::size_t unanswered = 8;
  /// A parcel without an answer may be published again for so long. The server finds duplicates for
  /// longer: a publication may be under way for a while.
  std::chrono::nanoseconds again_within = std::chrono::minutes{1};
};

/// The jobs that are to be published, and the parcels in which they are.
///
/// A job that comes alone goes at once. While as many parcels are under way as may be, jobs gather.
/// So they do for a while if the server and the hosts have many.
class parcels {
 public:
  explicit parcels(const parcel_limits& limits) : limits_{limits} {}

  /// A job has taken so long.
  void ran(std::chrono::nanoseconds time) noexcept { mean_.add(time); }
  /// The server takes messages of so many bytes.
  /// @param overhead the bytes of a parcel besides those of its jobs
  void room(std::size_t max_payload, std::size_t overhead) noexcept;
  /// Whether a job of so many bytes can be sent at all.
  bool fits(std::size_t bytes) const noexcept { return bytes <= room_; }
  /// So many jobs the next parcel may have.
  std::size_t most() const noexcept;

  /// The job is to be published. Changes nothing if it throws.
  /// @param travels_alone whether no other job is to be in its parcel
  void add(std::uint64_t number, std::size_t bytes, bool travels_alone);
  /// Whether the next parcel may be sent a little later, when it has more jobs: no worker waits for
  /// a sixteenth of the jobs that the server and the hosts have.
  bool may_gather() const noexcept;
  /// Takes the next parcel, if one may be sent now. Changes nothing if it throws.
  /// @return the parcel's number; or nothing
  std::optional<std::uint64_t> next();
  /// The jobs of a parcel that have not been taken out of it.
  const std::vector<std::uint64_t>& jobs(std::uint64_t parcel) const noexcept;
  /// The parcel in which the job is, if it has been sent.
  std::optional<std::uint64_t> parcel_of(std::uint64_t number) const noexcept;

  /// The server has stored the parcel.
  /// @param place the number of the message in the stream
  /// @return whether all its jobs have left, so that the message is to be deleted
  bool stored(std::uint64_t parcel, std::uint64_t place);
  /// The parcel is being published, for the first time or again.
  void published(std::uint64_t parcel, moment now) noexcept;
  /// Whether the server would find that it has the parcel already.
  bool may_go_again(std::uint64_t parcel, moment now) const noexcept;
  /// The server says that it has not stored the parcel, which is to be published again.
  void failed(std::uint64_t parcel) noexcept;
  /// The server has refused the parcel, or no answer is waited for any more. Its jobs leave it.
  std::vector<std::uint64_t> refused(std::uint64_t parcel);
  /// The message has been deleted. Each job stays until it leaves.
  void removed(std::uint64_t parcel) noexcept;
  /// The stream has been made anew, so that the places mean other messages.
  void stream_replaced() noexcept;
  /// The number of the parcel's message in the stream. Nothing if the server has not stored it, or
  /// if the stream has been made anew since.
  std::optional<std::uint64_t> place(std::uint64_t parcel) const noexcept;
  /// Parcels that have no answer, in the order in which they were sent: to be published once more
  /// when the connection is up again.
  std::vector<std::uint64_t> unanswered() const;

  /// The job is settled, or will be published again.
  /// @param told whether a host has told of it: the host acknowledges the message
  /// @return the place of a message that no job needs any more, and that no host will acknowledge
  std::optional<std::uint64_t> leave(std::uint64_t number, bool told);

  std::size_t waiting() const noexcept { return waiting_.size(); }

 private:
  struct waiter {
    std::uint64_t number = 0;
    std::size_t bytes = 0;
    bool travels_alone = false;
  };
  /// The list or the parcel with a job that has not left.
  struct whereabouts {
    std::list<waiter>::iterator waiting{};
    /// 0 while the job waits.
    std::uint64_t parcel = 0;
  };
  struct parcel {
    std::vector<std::uint64_t> jobs{};
    std::optional<std::uint64_t> place{};
    /// Publications that the server has said nothing of.
    std::size_t publications = 0;
    /// When the first of them was.
    moment published{};
    bool is_of_this_stream = true;
    /// A host acknowledges the message, or it is gone.
    bool needs_no_deletion = false;
  };

  parcel_limits limits_;
  mean_time mean_{};
  std::size_t room_ = static_cast<std::size_t>(-1);
  std::size_t under_way_ = 0;
  std::uint64_t last_parcel_ = 0;
  std::list<waiter> waiting_{};
  std::unordered_map<std::uint64_t, whereabouts> known_{};
  std::unordered_map<std::uint64_t, parcel> parcels_{};
};

}  // namespace isolatte::inline v0_1::nats::logic

#endif
