// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_BENCH_ROWS_HPP
#define ISOLATTE_BENCH_ROWS_HPP

#include <benchmark/benchmark.h>

#include <string>
#include <utility>

// A row is named WHO/WHAT/PARAMETER:VALUE... The row that does the same by hand is named alike,
// with "raw" as WHO. bench/report.py finds the baseline of each row by these names.

void add_archive_rows();
void add_fault_rows();
void add_fork_rows();
void add_in_flight_rows();
void add_memory_rows();
void add_peer_rows();
void add_pool_rows();
void add_result_rows();
void add_sandbox_rows();
void add_server_rows();
void add_talk_rows();
void add_warm_rows();

/// Adds a row with a fixed number of iterations.
///
/// A fixed number keeps the rows of one round close together in time. Otherwise the drift of the
/// machine would show up as a difference between rows.
template <class Function>
benchmark::internal::Benchmark* add_row(const std::string& name, int iterations,
                                        Function function) {
  return benchmark::RegisterBenchmark(name.c_str(), std::move(function))
      ->UseRealTime()
      ->Iterations(iterations)
      ->Unit(benchmark::kMicrosecond);
}

/// Adds a row whose function says how long each iteration took.
template <class Function>
benchmark::internal::Benchmark* add_timed_row(const std::string& name, int iterations,
                                              Function function) {
  return benchmark::RegisterBenchmark(name.c_str(), std::move(function))
      ->UseManualTime()
      ->Iterations(iterations)
      ->Unit(benchmark::kMicrosecond);
}

#endif
