// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_SUPERVISE_OBSERVED_JOB_HPP
#define ISOLATTE_LIB_SUPERVISE_OBSERVED_JOB_HPP

#include "supervise/observers.hpp"

#include <isolatte/detail/vocabulary/report.hpp>
#include <isolatte/observe.hpp>

#include <boost/system/error_code.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

namespace isolatte::inline v0_1::supervise {

/// Tells the observers of one job, if there were any when it was asked for.
///
/// A job whose completion has not been told when this is destroyed has been given up.
class observed_job {
 public:
  observed_job() noexcept = default;
  /// A job that is asked for now.
  /// @param pool the number of its pool, or 0
  /// @param generation that of the worker which it is
  explicit observed_job(launcher by, std::uint64_t pool = 0,
                        std::uint64_t generation = 0) noexcept {
    if (is_observed.load(std::memory_order_relaxed)) begin(by, pool, generation);
  }
  observed_job(observed_job&& other) noexcept = default;
  observed_job& operator=(observed_job&& other) noexcept {
    observed_job const last{std::move(*this)};
    told_ = std::move(other.told_);
    return *this;
  }
  ~observed_job() {
    if (told_) give_up();
  }

  /// Whether an observer is told.
  explicit operator bool() const noexcept { return told_ != nullptr; }

  /// Tells nothing if the job has started, and is not taken back.
  /// @param worker that which runs the job, or null
  void started(int pid, const worker_id* worker = nullptr) noexcept {
    if (told_) tell_start(pid, worker);
  }
  /// The job is to wait for another worker.
  void taken_back() noexcept {
    if (told_) forget_start();
  }
  /// Tells nothing if the job has not started.
  void ended() noexcept {
    if (told_) tell_end();
  }
  /// The last thing that is told, unless the report has a payload and cannot be decoded.
  void completed(const boost::system::error_code& ec, detail::report& what) noexcept {
    if (told_) tell_completion(ec, what);
  }

  /// A number for a pool.
  static std::uint64_t next_pool() noexcept;

 private:
  void begin(launcher by, std::uint64_t pool, std::uint64_t generation) noexcept;
  void tell_start(int pid, const worker_id* worker) noexcept;
  void forget_start() noexcept;
  void tell_end() noexcept;
  void tell_completion(const boost::system::error_code& ec, detail::report& what) noexcept;
  void give_up() noexcept;

  /// Null if no observer is told of the job.
  std::unique_ptr<kept_event> told_;
};

}  // namespace isolatte::inline v0_1::supervise

#endif
