// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_BENCH_NOW_AND_THEN_HPP
#define ISOLATTE_BENCH_NOW_AND_THEN_HPP

#include <benchmark/benchmark.h>

#include <chrono>

/// Measures one job at a time, with a pause after each. So no job is measured while the end of the
/// previous one is still being handled.
template <class Job>
void now_and_then(benchmark::State& state, Job job) {
  using clock = std::chrono::steady_clock;
  constexpr std::chrono::microseconds pause{500};
  for (auto _ : state) {
    auto const start = clock::now();
    job();
    auto const end = clock::now();
    state.SetIterationTime(std::chrono::duration<double>(end - start).count());
    // Spins, because a sleeping processor would slow the next job down.
    while (clock::now() - end < pause) {
    }
  }
}

#endif
