// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_PROMETHEUS_METRICS_HPP
#define ISOLATTE_PROMETHEUS_METRICS_HPP

#include <isolatte/config.hpp>

#include <memory>
#include <string>

namespace isolatte::inline v0_1 {

/// Counts the jobs of the program for Prometheus.
///
/// | metric | type | labels |
/// |---|---|---|
/// | `isolatte_jobs_total` | counter | `launcher`, `ending` |
/// | `isolatte_jobs_undecodable_total` | counter | `launcher` |
/// | `isolatte_jobs_queued`, `isolatte_jobs_running` | gauge | `launcher` |
/// | `isolatte_job_queue_seconds`, `isolatte_job_run_seconds` | histogram | `launcher` |
/// | `isolatte_job_cpu_seconds_total` | counter | `launcher`, `mode` (`user`, `system`) |
/// | `isolatte_job_signals_total` | counter | `launcher`, `signal` |
/// | `isolatte_workers` | gauge | |
/// | `isolatte_workers_ended_total` | counter | `ending` |
///
/// Launchers and endings are spelled as their enumerators. A job whose result cannot be decoded
/// counts with the ending that it had before, most often `returned` or `threw`, and as undecodable
/// besides. A job for which there is no memory is not counted, and leaves no trace in the gauges.
///
/// @par Thread safety
/// Distinct objects: safe. Shared objects: safe for const members.
class prometheus_metrics {
 public:
  /// Counts the jobs that are asked for from now on.
  /// @par Exception safety
  /// Strong guarantee: `std::bad_alloc`.
  ISOLATTE_DECL prometheus_metrics();
  ISOLATTE_DECL ~prometheus_metrics();
  prometheus_metrics(const prometheus_metrics&) = delete;
  prometheus_metrics& operator=(const prometheus_metrics&) = delete;

  /// Returns the metrics as they are now.
  /// @return the text exposition format 0.0.4, whose media type is
  /// `text/plain; version=0.0.4; charset=utf-8`
  /// @par Exception safety
  /// Strong guarantee: `std::bad_alloc`.
  ISOLATTE_DECL std::string text() const;

 private:
  struct implementation;
  std::unique_ptr<implementation> implementation_;
};

}  // namespace isolatte::inline v0_1

#endif
