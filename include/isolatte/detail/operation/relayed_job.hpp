// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_OPERATION_RELAYED_JOB_HPP
#define ISOLATTE_DETAIL_OPERATION_RELAYED_JOB_HPP

#include <isolatte/config.hpp>

#include <boost/asio/cancellation_type.hpp>

namespace isolatte::inline v0_1::detail {

/// Told which process may run a job, on the pool's strand, and not any more after the job's handler
/// was called.
class ISOLATTE_VISIBLE job_witness {
 public:
  job_witness() noexcept = default;
  job_witness(const job_witness&) = delete;
  job_witness& operator=(const job_witness&) = delete;
  ISOLATTE_DECL virtual ~job_witness();
  /// The job is about to be sent to a worker, which is alive.
  virtual void given(int pid) noexcept = 0;
  /// That worker does not run the job any more.
  virtual void taken_back() noexcept = 0;
  /// The job was to be withdrawn, and goes on: a worker has begun it.
  virtual void kept() noexcept = 0;
};

/// A job of a pool that is run for somebody else.
class ISOLATTE_VISIBLE relayed_job {
 public:
  relayed_job() noexcept = default;
  relayed_job(const relayed_job&) = delete;
  relayed_job& operator=(const relayed_job&) = delete;
  ISOLATTE_DECL virtual ~relayed_job();
  /// Does what a cancellation of the operation does. For any thread.
  virtual void cancel(boost::asio::cancellation_type type) noexcept = 0;
  /// Cancels the job if no worker has begun it. For any thread.
  virtual void withdraw() noexcept = 0;
};

}  // namespace isolatte::inline v0_1::detail

#endif
