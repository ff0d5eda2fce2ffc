// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_NATS_LOGIC_FARM_JOB_HPP
#define ISOLATTE_LIB_NATS_LOGIC_FARM_JOB_HPP

#include "logic/moment.hpp"
#include "nats/logic/words.hpp"

#include <chrono>
#include <cstdint>
#include <optional>

namespace isolatte::inline v0_1::nats::logic {

using isolatte::logic::moment;

/// A farm job's requests to its driver.
enum class job_step : std::uint32_t {
  none = 0,
  /// Put the job into a parcel, then call sent().
  publish = 1 << 0,
  /// Tell the hosts what wished() says.
  tell_hosts = 1 << 1,
  /// Ask whether the consumer has delivered the job's message, then call delivery_known(), unless
  /// the connection ends before.
  ask_delivered = 1 << 2,
  /// Delete the job's message, then call message_removed() for every job in it, unless the
  /// connection ends before.
  remove = 1 << 3,
  /// Look for the job on the server, then call examined(), unless the connection ends before.
  examine = 1 << 4,
  /// The job has ended as conclude() says. Nothing comes after that.
  settle = 1 << 5,
};

constexpr job_step operator|(job_step a, job_step b) noexcept {
  return static_cast<job_step>(static_cast<std::uint32_t>(a) | static_cast<std::uint32_t>(b));
}
constexpr job_step& operator|=(job_step& a, job_step b) noexcept { return a = a | b; }
constexpr bool has(job_step all, job_step one) noexcept {
  return (static_cast<std::uint32_t>(all) & static_cast<std::uint32_t>(one)) != 0;
}

struct job_rules {
  std::chrono::nanoseconds lease = std::chrono::seconds{10};
  /// At least 1. With 1 the job is run at most once: a host asks for leave to begin it.
  std::uint32_t max_hosts = 3;
  /// A job that no worker has begun by then is taken back.
  moment begin_by = moment::max();
};

enum class job_end {
  /// A host's report says how.
  reported,
  /// A host has refused the job.
  refused,
  lost,
  /// The job was cancelled before any worker began it.
  taken_back,
  /// No worker had begun the job when its time was over.
  not_in_time,
  queue_full,
  too_large,
  /// The server would not store the job.
  not_stored,
  /// The farm has been stopped.
  stopped,
};

struct job_verdict {
  job_end how = job_end::lost;
  /// No worker has begun the job. For a report: if it says that the job did not run, that is true
  /// of all hosts.
  bool is_certainly_unrun = false;

  bool operator==(const job_verdict&) const = default;
};

/// The result of looking for a job's message on the server.
enum class finding {
  /// No host has had it yet. The driver calls examined() again when that has changed.
  waits,
  /// The server keeps it until a host has acknowledged it.
  delivered,
  missing,
  /// Missing, although it has never been delivered.
  missing_undelivered,
};

/// The logic of one job at the farm that has submitted it.
///
/// Pure: no clock, no connection. Each time that a job is published is an attempt of its own; an
/// event about a message carries the attempt of the message and is ignored if there has been
/// another one since.
class farm_job {
 public:
  struct leave_answer {
    leave what = leave::over;
    job_step todo = job_step::none;
  };

  explicit farm_job(const job_rules& rules) noexcept : rules_{rules}, begin_by_{rules.begin_by} {}

  /// The job has come. Call it first.
  job_step start(bool connected) noexcept;
  /// The job's parcel has been published, for the first time.
  void sent() noexcept;
  /// The server has stored the parcel.
  job_step stored(moment now, std::uint32_t attempt) noexcept;
  /// The server has refused the parcel.
  /// @param why queue_full, too_large, not_stored
  job_step refused(moment now, std::uint32_t attempt, job_end why) noexcept;

  /// Whether the server has stored the parcel will not be known. If it has, the job may be handed
  /// to a host at any time.
  job_step answer_lost(moment now, std::uint32_t attempt) noexcept;

  /// No question is answered any more. Publications that have no answer are the driver's to repeat.
  void connection_down() noexcept;
  /// @param same_server the server has not been started anew, so that it knows what it has
  /// delivered
  /// @param same_stream the stream JOBS has not been made anew
  job_step connection_up(moment now, bool same_server, bool same_stream) noexcept;
  /// The stream JOBS has been made anew while the connection stood.
  job_step stream_replaced(moment now) noexcept;

  /// A host has told what became of the job.
  /// @param deliveries how often the server had handed out the message
  /// @param holder 0, or the one that has asked for leave
  job_step result(moment now, told what, std::uint32_t attempt, std::uint32_t deliveries,
                  std::uint64_t holder) noexcept;
  /// A host asks whether it may begin the job.
  leave_answer leave_asked(moment now, std::uint32_t attempt, std::uint64_t holder,
                           std::uint32_t deliveries) noexcept;

  /// The program wants the job no more.
  job_step cancel(moment now, wish how) noexcept;
  /// @param delivered the consumer has passed the message: it has been handed out, or was not there
  /// any more
  /// @param deliveries so often the consumer has handed out any message
  job_step delivery_known(moment now, std::uint32_t attempt, bool delivered,
                          std::uint64_t deliveries) noexcept;
  /// The message is no longer on the server, whether or not it was there before.
  job_step message_removed(moment now, std::uint32_t attempt) noexcept;
  job_step examined(moment now, std::uint32_t attempt, finding what) noexcept;

  /// To be called at wake_at().
  job_step wake(moment now) noexcept;
  moment wake_at() const noexcept;

  /// The farm ends.
  job_step stop() noexcept;

  /// The job as it is to be published.
  std::uint32_t attempt() const noexcept { return attempt_; }
  std::uint32_t lost_before() const noexcept { return lost_before_; }
  wish wished() const noexcept { return wish_; }
  bool settled() const noexcept { return phase_ == phase::settled; }
  /// Meaningful once settled.
  job_verdict conclude() const noexcept { return verdict_; }

 private:
  enum class phase { kept, sent, stored, settled };
  /// How far the message is taken back.
  enum class taking { none, asking, removing, asking_again, waiting };

  bool is_current(std::uint32_t attempt, phase in) const noexcept {
    return phase_ == in && attempt_ == attempt;
  }
  /// A server has or had a message of the job, or may have it.
  bool was_published() const noexcept { return phase_ != phase::kept || attempt_ > 1; }
  bool runs_at_most_once() const noexcept { return rules_.max_hosts == 1; }
  bool is_certainly_unrun() const noexcept { return runs_at_most_once() ? !holder_ : exact_; }
  moment after(moment now, int leases) const noexcept;
  void heard(moment now) noexcept;
  job_step settle(job_end how, bool is_certainly_unrun) noexcept;
  job_step settle_unrun() noexcept;
  job_step publish_again() noexcept;
  /// The server says that no host has had the message.
  job_step publish_undelivered(moment now) noexcept;
  job_step begin_taking() noexcept;
  job_step message_lost(moment now) noexcept;
  job_step held(moment now) noexcept;
  job_step returned(std::uint32_t attempt, std::uint32_t deliveries, std::uint64_t holder) noexcept;

  job_rules rules_;
  phase phase_ = phase::kept;
  taking taking_ = taking::none;
  wish wish_ = wish::none;
  bool connected_ = false;
  /// No host may have begun the job and be gone, or unknown to the server.
  bool exact_ = true;
  /// The server does not have the message; hosts are asked whether they hold the job.
  bool missing_ = false;
  std::uint32_t attempt_ = 1;
  std::uint32_t lost_before_ = 0;
  /// So many deliveries of the consumer there were when it had not come to the message.
  std::optional<std::uint64_t> deliveries_before_{};
  /// A host has said that it holds the job.
  bool is_held_ = false;
  /// The connection has ended before the answer to the publication.
  bool may_be_stored_ = false;
  /// The one that has leave to begin a job that is run at most once.
  std::optional<std::uint64_t> holder_{};
  job_verdict verdict_{};

  moment begin_by_;
  moment publish_at_ = moment::max();
  /// With a wish: no host has answered until then.
  moment give_up_at_ = moment::max();
  moment tell_at_ = moment::max();
  moment audit_at_ = moment::max();
  moment missing_until_ = moment::max();
  /// The holder's lease has ended without a result.
  moment holder_lost_at_ = moment::max();
};

}  // namespace isolatte::inline v0_1::nats::logic

#endif
