// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_RECYCLE_OPTIONS_HPP
#define ISOLATTE_RECYCLE_OPTIONS_HPP

#include <isolatte/call.hpp>
#include <isolatte/config.hpp>
#include <isolatte/detail/task/remote_call.hpp>
#include <isolatte/detail/vocabulary/byte_buffer.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <type_traits>
#include <utility>

namespace isolatte::inline v0_1 {

/// @cond
namespace detail {

/// A call that throws if the answer of another one is no.
template <class Call>
struct health_question {
  using result_type = void;

  Call asks;

  void operator()() && {
    if constexpr (std::is_void_v<typename Call::result_type>)
      std::move(asks)();
    else if (!std::move(asks)())
      throw std::runtime_error{"the worker is not healthy"};
  }
  void encode(byte_buffer& out) const { asks.encode(out); }
  static health_question decode(std::span<const std::byte> in) { return {Call::decode(in)}; }
  std::uintptr_t function_address() const noexcept { return asks.function_address(); }
};

}  // namespace detail
/// @endcond

/// A call that tells whether a worker can go on: recycle_options::healthy.
class health_check {
 public:
  /// Asks nothing.
  health_check() = default;
  /// Asks by a call.
  /// @param f what @ref call made, or could make a call of without arguments: a function pointer, a
  /// captureless lambda. The worker is healthy if it returns true, or nothing
  /// @param limit the worker is not healthy if it takes longer; it is killed then
  /// @par Exception safety
  /// Strong guarantee: `std::bad_alloc`, and what saving the arguments throws.
  template <class F>
    requires(!std::same_as<std::remove_cvref_t<F>, health_check> && std::invocable<std::decay_t<F>>)
  health_check(F&& f, std::chrono::nanoseconds limit = std::chrono::seconds{5}) : limit_{limit} {
    if constexpr (is_call<F>)
      ask(f);
    else
      ask(isolatte::call(std::forward<F>(f)));
  }

  /// Returns how long the call may take.
  /// @return the time
  std::chrono::nanoseconds limit() const noexcept { return limit_; }

  /// @cond
  const detail::remote_call* get() const noexcept { return call_.get(); }
  /// @endcond

 private:
  template <class Call>
  void ask(const Call& call) {
    // call() has said what is wrong with one that is refused.
    if constexpr (!std::same_as<Call, detail::refused_call>)
      call_ = std::make_shared<const detail::remote_call>(
          detail::make_remote(detail::health_question<Call>{call}));
  }

  std::shared_ptr<const detail::remote_call> call_;
  std::chrono::nanoseconds limit_{0};
};

/// When a pool replaces workers that could go on.
///
/// Such a worker takes jobs until its replacement is ready. If that does not start, the worker goes
/// on. One with more memory than pool_options::max_worker_memory takes no jobs while its
/// replacement starts, unless too many workers would be missing. Only a worker that is of no more
/// use takes no more jobs at all: it is not healthy, or a job has called this_worker::retire.
/// pool_options::max_jobs_per_worker is never exceeded either.
struct recycle_options {
  /// A worker is replaced when it has been ready for this time. Absent: none is.
  std::optional<std::chrono::nanoseconds> age{};
  /// Bytes. A worker is replaced that has so much more memory of its own after a job than it had
  /// when it was ready. Absent: none is.
  std::optional<std::uint64_t> memory_growth{};
  /// Runs in each worker after each job, before the next one: a worker is replaced at once if it is
  /// not healthy, so if the call returns false, throws, ends the worker or takes too long. Jobs are
  /// not sent ahead to the workers of such a pool. Calls of worker_pool::async_run_everywhere are
  /// not followed by a check.
  health_check healthy{};
  /// The part of @ref age, from 0 to 1, by which a worker's may be less, at random: workers that
  /// were started together are not replaced together.
  double jitter = 0.1;
  /// So many replacements are started at a time, at least 1. So many workers at most are given no
  /// jobs because they have more memory than pool_options::max_worker_memory.
  std::size_t max_unavailable = 1;
};

}  // namespace isolatte::inline v0_1

#endif
