// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_NATS_FARM_JOBS_HPP
#define ISOLATTE_LIB_NATS_FARM_JOBS_HPP

#include "logic/moment.hpp"
#include "nats/job_outcome.hpp"
#include "nats/link/server_link.hpp"
#include "nats/logic/farm_job.hpp"
#include "nats/parcel_sender.hpp"
#include "nats/place_inquiry.hpp"
#include "nats/settings.hpp"
#include "nats/submitted_jobs.hpp"
#include "nats/wire/results.hpp"
#include "nats/wish_sender.hpp"

#include <boost/system/error_code.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace isolatte::inline v0_1::nats {

/// The jobs of one submitter: steps their machines with what happens, and performs what these
/// decide.
class farm_jobs final : public parcel_sender::owner, public inquiry_events {
 public:
  class owner {
   public:
    /// The server has answered a question: go_on() is to be called.
    virtual void jobs_changed() = 0;
    /// The stream is gone, or another one has its name.
    virtual void jobs_have_no_stream() = 0;

   protected:
    ~owner() = default;
  };

  /// @param link is stopped before this is destroyed
  /// @param answers the server says under this subject what has become of parcels
  farm_jobs(link::server_link& link, const settings& what, const std::string& submitter,
            const std::string& answers, owner& to);

  bool empty() const noexcept { return jobs_.empty(); }
  std::size_t size() const noexcept { return jobs_.size(); }
  /// When the stream JOBS was made; 0 until the first one is known.
  std::int64_t stream() const noexcept { return created_; }

  void submit(std::unique_ptr<submitted_job> job);
  void cancel(std::uint64_t number, logic::wish how);

  void connect(const link::server_info& server);
  void disconnect();
  /// @param created when the stream was made
  void stream_found(std::int64_t created);
  /// Until stream_found() nothing is published to the stream.
  void stream_lost() noexcept { parcels_.close(); }

  void parcels_answered(std::uint64_t place, std::span<link::message> answers) {
    parcels_.answered(place, answers);
  }
  void results_arrived(std::span<link::message> messages);
  void leave_asked(std::span<link::message> questions);

  /// Ends the jobs that the server has never had.
  void refuse_unstored(const boost::system::error_code& ec, const std::string& why);
  /// To be called after each event: publishes, and tells the hosts.
  void go_on();
  void wake(moment now);
  moment wake_at() const noexcept;

  /// Ends all jobs, and tells the hosts.
  void stop();
  /// Whether messages may still have to be deleted: the server has not said where they are.
  bool awaits_answers() const noexcept { return parcels_.awaits_answers(); }
  /// Tells the hosts once more that the jobs are not wanted.
  void say_farewell() { wishes_.say_farewell(); }
  /// In a copy of the program: ends all jobs, which are the original's.
  void disown();
  /// The execution context ends.
  /// @return the jobs: their handlers may own the farm
  submitted_jobs abandon() noexcept;

 private:
  wire::parcel_job job_published(std::uint64_t job) override;
  void job_stored(std::uint64_t job) override;
  void job_refused(std::uint64_t job, logic::job_end why) override;
  void job_unanswered(std::uint64_t job) override;
  void delivery_known(std::uint64_t job, std::uint32_t attempt, bool delivered,
                      std::uint64_t deliveries) override;
  void message_removed(std::uint64_t parcel) override;
  void examined(std::uint64_t job, std::uint32_t attempt, logic::finding what) override;
  void stream_gone() override { owner_.jobs_have_no_stream(); }
  void inquiry_changed() override { owner_.jobs_changed(); }

  void result_arrived(wire::job_result& result, const std::string& host);
  /// Waits for memory: what a machine has decided is not decided again.
  void perform(submitted_job& job, logic::job_step todo, bool was_told = false,
               wire::job_result* result = nullptr, const std::string* host = nullptr);
  /// Performs what a function of each job's machine decides.
  template <class Step>
  void for_each_job(Step step);
  void complete(submitted_job& job, job_outcome what, bool was_told);

  link::server_link& link_;
  const settings& settings_;
  owner& owner_;
  submitted_jobs jobs_;
  parcel_sender parcels_;
  wish_sender wishes_;
  place_inquiry inquiry_;

  /// The jobs know that the link is up.
  bool is_connected_ = false;
  std::string server_id_;
  /// That of the server to which the jobs were connected last.
  std::string last_server_id_;
  std::int64_t created_ = 0;
};

}  // namespace isolatte::inline v0_1::nats

#endif
