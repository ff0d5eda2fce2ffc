// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_NATS_LOGIC_AUDIT_HPP
#define ISOLATTE_LIB_NATS_LOGIC_AUDIT_HPP

#include "logic/moment.hpp"
#include "nats/logic/farm_job.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

namespace isolatte::inline v0_1::nats::logic {

using isolatte::logic::moment;

/// The jobs that a farm looks for on the server, and when it does.
///
/// A look is one question about the stream and one about the consumer of the hosts, whatever the
/// number of jobs, and comes once a lease. A job that no host has had yet is looked for again with
/// each look, and told of when that has changed.
class audit {
 public:
  struct question {
    std::uint64_t job = 0;
    std::uint32_t attempt = 0;
    /// The number of the message in the stream.
    std::uint64_t place = 0;
  };
  struct answer {
    question about;
    finding what = finding::waits;
  };
  /// First and last number in the stream, and the last that the consumer has delivered.
  struct state {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    std::uint64_t delivered = 0;
  };
  struct findings {
    std::vector<answer> known{};
    /// By their place, messages of which it is to be found out whether the server has them still.
    std::map<std::uint64_t, std::vector<question>> to_get{};
  };

  explicit audit(std::chrono::nanoseconds lease) noexcept : lease_{lease} {}

  /// A job is to be looked for.
  void examine(const question& what) { asked_.push_back(what); }
  /// When the server is to be asked. Never if there is nothing to look for, or while it is asked.
  moment look_at() const noexcept;
  /// The server is being asked. Jobs that are examined from here on are for the next look.
  void begin_look(moment now);
  /// The server has answered.
  findings end_look(const state& what);
  /// No answer has come: a look is due at once.
  void fail_look();
  /// The connection has ended, or the stream is another one.
  void clear() noexcept;

  /// Jobs that no host has had yet.
  std::size_t waiting() const noexcept { return waiting_.size(); }

 private:
  std::chrono::nanoseconds lease_;
  moment next_ = moment::min();
  bool is_looking_ = false;
  std::vector<question> asked_{};
  std::vector<question> looked_for_{};
  std::multimap<std::uint64_t, question> waiting_{};
};

}  // namespace isolatte::inline v0_1::nats::logic

#endif
