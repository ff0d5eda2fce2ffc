// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_BENCH_COUNTERS_HPP
#define ISOLATTE_BENCH_COUNTERS_HPP

#include <benchmark/benchmark.h>

#include <cstdint>

/// Starts to count system calls, page faults and context switches of this process and of all its
/// later children.
///
/// The kernel counts with perf events, which slow each fork down. So this is for a run of its own,
/// whose times are not used. An event that the kernel refuses is absent from the rows.
///
/// @return whether the kernel counts system calls
bool count_events();

/// Adds to a row the number of its jobs, the processor time that this process used for each, and
/// the events of each if @ref count_events was called.
///
/// Make one immediately before the loop over the state.
class counted {
 public:
  explicit counted(benchmark::State& state, std::int64_t jobs_an_iteration = 1);
  counted(const counted&) = delete;
  counted& operator=(const counted&) = delete;
  ~counted();

 private:
  benchmark::State& state_;
  std::int64_t const jobs_;
  std::int64_t cpu_;
  std::uint64_t events_[5];
};

#endif
