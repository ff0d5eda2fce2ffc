// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// Measures the time per job of a worker pool: a 64-byte string there and back. tools/bench-pool
// compares the result with CPython's process pool.

#include <isolatte/call.hpp>
#include <isolatte/worker_pool.hpp>

#include <benchmark/benchmark.h>
#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>

namespace {

std::string echo(std::string text) { return text; }

/// Keeps a number of jobs in flight until the benchmark stops it.
class crowd {
 public:
  crowd(isolatte::pool_options opts, std::size_t at_once) : pool_{context_, std::move(opts)} {
    // Warms the workers up, because the first jobs of a process pay for page faults.
    run(1000, at_once);
  }
  crowd(const crowd&) = delete;
  crowd& operator=(const crowd&) = delete;
  ~crowd() {
    pool_.stop();
    context_.restart();
    context_.run();
  }

  void run(std::size_t jobs, std::size_t at_once) {
    to_start_ = to_end_ = jobs;
    for (std::size_t i = 0; i != at_once; ++i) next();
    while (to_end_ != 0) context_.run_one();
  }

 private:
  void next() {
    if (to_start_ == 0) return;
    --to_start_;
    pool_.async_run(isolatte::call(echo, text_), {},
                    [this](boost::system::error_code, const isolatte::outcome<std::string>& what) {
                      if (!what) std::abort();
                      --to_end_;
                      next();
                    });
  }

  std::string const text_ = std::string(64, 'x');
  boost::asio::io_context context_{1};
  isolatte::worker_pool pool_;
  std::size_t to_start_ = 0;
  std::size_t to_end_ = 0;
};

void pool_jobs(benchmark::State& state) {
  auto const at_once = static_cast<std::size_t>(state.range(0));
  constexpr std::size_t jobs = 20'000;
  crowd all{{.workers = 2}, at_once};
  for (auto _ : state) all.run(jobs, at_once);
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(jobs));
}

void pool_sandboxed(benchmark::State& state) {
  auto const at_once = static_cast<std::size_t>(state.range(0));
  constexpr std::size_t jobs = 20'000;
  crowd all{{.workers = 2, .worker = {.sandbox = isolatte::sandbox::pure()}}, at_once};
  for (auto _ : state) all.run(jobs, at_once);
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(jobs));
}

void pool_fresh_processes(benchmark::State& state) {
  auto const at_once = static_cast<std::size_t>(state.range(0));
  constexpr std::size_t jobs = 1'000;
  crowd all{{.workers = 2, .max_jobs_per_worker = 1}, at_once};
  for (auto _ : state) all.run(jobs, at_once);
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(jobs));
}

char* warm_state = nullptr;

void make_state() {
  constexpr std::size_t bytes = std::size_t{64} * 1024 * 1024;
  warm_state = new char[bytes];
  std::fill(warm_state, warm_state + bytes, 'x');
  benchmark::DoNotOptimize(warm_state);
  benchmark::ClobberMemory();
}

/// The same with 64 MiB of state in each process.
void pool_fresh_warm_processes(benchmark::State& state) {
  auto const at_once = static_cast<std::size_t>(state.range(0));
  constexpr std::size_t jobs = 1'000;
  crowd all{{.workers = 2, .max_jobs_per_worker = 1, .preload = make_state}, at_once};
  for (auto _ : state) all.run(jobs, at_once);
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(jobs));
}

}  // namespace

BENCHMARK(pool_jobs)->Arg(1)->Arg(16)->Arg(64)->UseRealTime()->Iterations(1);
BENCHMARK(pool_sandboxed)->Arg(1)->Arg(16)->UseRealTime()->Iterations(1);
BENCHMARK(pool_fresh_processes)->Arg(1)->Arg(16)->UseRealTime()->Iterations(1);
BENCHMARK(pool_fresh_warm_processes)->Arg(1)->Arg(16)->UseRealTime()->Iterations(1);
