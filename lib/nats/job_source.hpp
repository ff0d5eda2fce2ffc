// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_NATS_JOB_SOURCE_HPP
#define ISOLATTE_LIB_NATS_JOB_SOURCE_HPP

#include "logic/moment.hpp"
#include "nats/link/server_link.hpp"
#include "nats/logic/credit.hpp"
#include "nats/settings.hpp"
#include "nats/wire/jetstream.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace isolatte::inline v0_1::nats {

using isolatte::logic::moment;

/// The source of a host's messages: waits for the stream of jobs, finds or makes the consumer, and
/// asks for as many messages as the host can use.
class job_source {
 public:
  class owner {
   public:
    /// The stream and its consumer are there.
    /// @param stream when the stream was made
    /// @param lease so long the server waits for an acknowledgement
    virtual void source_found(std::int64_t stream, std::chrono::nanoseconds lease) = 0;
    virtual void source_gives(const link::message& what, const wire::delivery& how) = 0;
    /// wake_at() may be another moment, or a pull be due.
    virtual void source_changed() = 0;

   protected:
    ~owner() = default;
  };

  /// @param from is stopped before this is destroyed
  job_source(link::server_link& from, const settings& what, owner& to);

  /// The link is up.
  void connect();
  /// The link is down.
  void disconnect() noexcept;
  /// Something says that the stream or the consumer may be another one.
  void look_again();
  /// Messages are wanted, or not any more: then what is under way still comes.
  void open(bool wanted);
  /// Messages may still come although none are wanted.
  bool is_ending() const noexcept { return is_ending_; }
  bool is_ready() const noexcept { return ready_; }
  std::int64_t stream() const noexcept { return stream_; }

  void job_ran(std::chrono::nanoseconds time) noexcept {
    credit_.ran(time);
    rest_time_ = {};
  }
  void message_had(std::size_t jobs) noexcept { credit_.arrived(jobs); }
  /// The host cannot run jobs now. Until it has run one, a single message is asked for at a time,
  /// each after a longer rest.
  void take_rest() noexcept;
  bool is_resting() const noexcept;
  /// Asks for more messages if the host has less work than it could have.
  /// @param untold_jobs jobs whose results the server has not stored
  void pull(std::size_t workers, std::size_t unfinished_jobs, std::size_t untold_jobs);

  void wake(moment now);
  moment wake_at() const noexcept;

 private:
  using reader = std::function<void(std::string_view)>;

  void renew();
  void look();
  void look_later();
  void find_consumer(std::int64_t created);
  void make_consumer(std::int64_t created);
  void found(std::int64_t created, std::chrono::nanoseconds lease);
  void ask(const std::string& subject, const std::string& body, reader read);
  void heed(const link::message& news);

  link::server_link& link_;
  const settings& settings_;
  owner& owner_;

  bool wanted_ = false;
  bool is_ending_ = false;
  bool ready_ = false;
  std::int64_t stream_ = 0;
  std::string consumer_;
  /// Answers to an earlier look are not heard.
  std::uint64_t look_ = 0;
  moment look_at_ = moment::max();
  std::chrono::nanoseconds backoff_{0};

  logic::credit credit_{{}};
  std::string inbox_;
  std::optional<link::server_link::subscription_id> subscription_;
  std::uint64_t last_pull_ = 0;
  moment pull_from_{};
  std::chrono::nanoseconds rest_time_{0};
};

}  // namespace isolatte::inline v0_1::nats

#endif
