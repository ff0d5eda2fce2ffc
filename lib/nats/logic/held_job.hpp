// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_NATS_LOGIC_HELD_JOB_HPP
#define ISOLATTE_LIB_NATS_LOGIC_HELD_JOB_HPP

#include "nats/logic/words.hpp"

#include <cstdint>

namespace isolatte::inline v0_1::nats::logic {

/// A held job's requests to its driver.
enum class held_step : std::uint32_t {
  none = 0,
  /// Ask the farm for leave to begin, then call leave_told().
  ask_leave = 1 << 0,
  /// Give the job to the pool.
  give = 1 << 1,
  /// Take the job back from the pool if no worker has begun it, then call unbegun() or begun().
  take_back = 1 << 2,
  interrupt = 1 << 3,
  request_exit = 1 << 4,
  terminate = 1 << 5,
  /// Tell the farm that the job is held.
  say_held = 1 << 6,
};

constexpr held_step operator|(held_step a, held_step b) noexcept {
  return static_cast<held_step>(static_cast<std::uint32_t>(a) | static_cast<std::uint32_t>(b));
}
constexpr held_step& operator|=(held_step& a, held_step b) noexcept { return a = a | b; }
constexpr bool has(held_step all, held_step one) noexcept {
  return (static_cast<std::uint32_t>(all) & static_cast<std::uint32_t>(one)) != 0;
}

/// All that a host knows of a job before it holds it.
struct held_terms {
  std::uint32_t max_hosts = 1;
  std::uint32_t lost_before = 0;
  /// Another one each time that the host comes to hold a job; not 0.
  std::uint64_t holder = 1;
  /// The host has the code and could read the job.
  bool is_sound = true;
};

/// The logic of one job in a parcel on a host. The parcel's machine steps it.
class held_job {
 public:
  explicit held_job(const held_terms& terms) noexcept : terms_{terms} {}

  /// @param gives_back whether the job is not to begin here
  held_step open(std::uint32_t deliveries, bool gives_back) noexcept;
  /// The farm has been asked long enough ago.
  held_step ask_again() const noexcept;
  held_step leave_told(leave what) noexcept;
  held_step requested(wish what) noexcept;
  held_step drain() noexcept;
  void reported() noexcept;
  void failed() noexcept;
  void unbegun() noexcept;
  held_step begun() noexcept;
  /// The lease ends soon, or the host does not want the job.
  held_step fence() noexcept;
  /// The farm wants no result.
  held_step forget() noexcept;
  void publish(std::uint64_t batch) noexcept;
  void published(std::uint64_t batch) noexcept;

  bool is_asking() const noexcept { return phase_ == phase::asking; }
  /// The pool has it.
  bool is_working() const noexcept { return phase_ == phase::working; }
  bool is_unfinished() const noexcept { return is_asking() || is_working(); }
  /// Its result waits to be published.
  bool is_ready() const noexcept { return phase_ == phase::ready; }
  bool is_in(std::uint64_t batch) const noexcept {
    return phase_ == phase::publishing && batch_ == batch;
  }
  bool is_publishing() const noexcept { return phase_ == phase::publishing; }
  bool is_done() const noexcept { return phase_ == phase::done; }
  bool is_dropped() const noexcept { return phase_ == phase::dropped; }
  /// Meaningful as soon as it is ready.
  told result() const noexcept { return result_; }
  /// 0 if the farm was not asked for leave.
  std::uint64_t holder() const noexcept { return terms_.max_hosts == 1 ? terms_.holder : 0; }

 private:
  enum class phase { arrived, asking, working, ready, publishing, done, dropped };

  held_step ready(told result) noexcept;

  held_terms terms_;
  phase phase_ = phase::arrived;
  told result_ = told::report;
  wish wish_ = wish::none;
  std::uint64_t batch_ = 0;
};

}  // namespace isolatte::inline v0_1::nats::logic

#endif
