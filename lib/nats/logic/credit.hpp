// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_NATS_LOGIC_CREDIT_HPP
#define ISOLATTE_LIB_NATS_LOGIC_CREDIT_HPP

#include "logic/moment.hpp"
#include "nats/logic/mean_time.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

namespace isolatte::inline v0_1::nats::logic {

using isolatte::logic::moment;

struct credit_limits {
  std::size_t workers = 1;
  /// A worker is to have work for so long.
  std::chrono::nanoseconds ahead = std::chrono::milliseconds{50};
  /// Jobs a worker.
  std::size_t most = 64;
  /// Messages a worker that are still to come. If messages come to have many jobs, the host gets
  /// more than it wants from so many.
  std::size_t most_coming = 8;
};

/// How many messages a host asks for, and how many of those are still to come.
///
/// Counts jobs: a message has as many as those that have come lately. A host that asked for too
/// many would keep other hosts without work, and delay what it holds by a lease when it is lost.
///
/// A message does not say for which request it comes, so each counts for the oldest one.
class credit {
 public:
  explicit credit(const credit_limits& limits) : limits_{limits} {}

  /// A job has taken so long.
  void ran(std::chrono::nanoseconds time) noexcept { mean_.add(time); }
  void resize(std::size_t workers) noexcept { limits_.workers = workers; }
  /// Jobs that the host is to have, together with those that are still to come.
  std::size_t target() const noexcept;
  /// So many messages to ask for now. None if more than half of what the host is to have is there
  /// or to come, and two jobs for each worker.
  /// @param held jobs that the host has and that are not done
  /// @param untold jobs that are done, and whose results the server has not stored. If there are
  /// many, the server does not take results, and the host takes no jobs
  std::size_t wanted(std::size_t held, std::size_t untold = 0) const noexcept;

  /// @param request a number that counts up
  void asked(std::uint64_t request, std::size_t messages, moment expires);
  /// A message with so many jobs has come.
  void arrived(std::size_t jobs) noexcept;
  /// The server has ended a request: 404, 408, 409.
  /// @param pending messages that the server says have not come for it, if it says so
  void ended(std::uint64_t request, std::optional<std::size_t> pending);
  /// Requests that should have ended by now have: their status message is lost.
  /// @return whether there were any
  bool expire(moment now) noexcept;
  moment expires_at() const noexcept;
  /// Connection lost, or the consumer: nothing comes any more.
  void lost() noexcept;

  /// Messages that are still to come.
  std::size_t outstanding() const noexcept;

 private:
  struct request {
    std::uint64_t id = 0;
    std::size_t left = 0;
    moment expires{};
  };

  static constexpr std::size_t one_job = 256;

  void drop_empty() noexcept;

  credit_limits limits_;
  mean_time mean_{};
  /// In 256ths, so that an eighth of a difference is not lost.
  std::size_t jobs_a_message_ = one_job;
  std::deque<request> requests_{};
  std::uint64_t last_ = 0;
  /// Nothing is believed of a request before this one.
  std::uint64_t oldest_ = 0;
};

}  // namespace isolatte::inline v0_1::nats::logic

#endif
