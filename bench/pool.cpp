// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// A worker pool: a 64-byte string there and back, and jobs that use the processor for a given time.

#include "counters.hpp"
#include "jobs.hpp"
#include "rows.hpp"

#include <isolatte/call.hpp>
#include <isolatte/observe.hpp>
#include <isolatte/prometheus_metrics.hpp>
#include <isolatte/serialization.hpp>
#include <isolatte/worker_pool.hpp>

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include <time.h>

namespace {

std::string echo(std::string text) { return text; }

std::int64_t cpu_time() {
  timespec time{};
  if (::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time) == -1) std::abort();
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

/// Uses the processor for a time. Time in which the worker does not run does not count, so more
/// workers than processors do not make the jobs shorter.
int use_processor(int microseconds) {
  std::int64_t const end = cpu_time() + std::int64_t{1000} * microseconds;
  while (cpu_time() < end) {
  }
  return microseconds;
}

struct load {
  int jobs = 20'000;
  int in_flight = 1;
  int threads = 1;
};

template <class Call>
void run_pool(benchmark::State& state, isolatte::pool_options opts, Call call, load const& what) {
  boost::asio::io_context context{what.threads};
  isolatte::worker_pool pool{context, std::move(opts)};
  crowd all{context, [&](auto handler) { pool.async_run(call, {}, std::move(handler)); }};
  // Warms the workers up, because the first jobs of a process pay for page faults.
  all.run(what.jobs / 20, what.in_flight, what.threads);
  {
    counted const counts{state, what.jobs};
    for (auto _ : state) all.run(what.jobs, what.in_flight, what.threads);
  }
  pool.stop();
  run_all(context);
}

void add_echo(const std::string& who, isolatte::pool_options const& opts, load const& what) {
  auto row = [=](benchmark::State& state) {
    run_pool(state, opts, isolatte::call(echo, std::string(64, 'x')), what);
  };
  std::string name = who + "/echo/workers:" + std::to_string(opts.workers) +
                     "/in_flight:" + std::to_string(what.in_flight);
  if (what.threads != 1) name += "/threads:" + std::to_string(what.threads);
  add_row(name, 1, row);
}

/// A pool whose jobs are told to something that `observe` makes and that lives as long as the row.
template <class Observe>
void add_observed_echo(const std::string& who, int in_flight, Observe observe) {
  auto row = [=](benchmark::State& state) {
    [[maybe_unused]] auto const watching = observe();
    run_pool(state, {.workers = 2}, isolatte::call(echo, std::string(64, 'x')),
             {.in_flight = in_flight});
  };
  add_row(who + "/echo/workers:2/in_flight:" + std::to_string(in_flight), 1, row);
}

void add_busy(std::size_t workers, int microseconds, int threads) {
  auto row = [=](benchmark::State& state) {
    load const what{.jobs = 200'000 / microseconds * static_cast<int>(workers),
                    .in_flight = 4 * static_cast<int>(workers),
                    .threads = threads};
    run_pool(state, {.workers = workers}, isolatte::call(use_processor, microseconds), what);
    state.counters["busy_us"] = microseconds;
  };
  std::string name =
      "pool/busy_" + std::to_string(microseconds) + "us/workers:" + std::to_string(workers);
  if (threads != 1) name += "/threads:" + std::to_string(threads);
  add_row(name, 1, row);
}

}  // namespace

void add_pool_rows() {
  for (int const in_flight : {1, 4, 16, 256})
    add_echo("pool", {.workers = 2}, {.in_flight = in_flight});
  for (std::size_t const workers : {1, 2, 4, 8, 16, 32})
    for (int const threads : {1, 4})
      add_echo("pool", {.workers = workers}, {.in_flight = 64, .threads = threads});
  for (int const in_flight : {1, 16})
    add_echo("pool_sandbox", {.workers = 2, .worker = {.sandbox = isolatte::sandbox::pure()}},
             {.in_flight = in_flight});
  for (int const in_flight : {1, 16})
    add_echo("pool_spin", {.workers = 1, .spin = std::chrono::microseconds{50}},
             {.in_flight = in_flight});
  // All that keeps workers healthy and costs no job of its own.
  for (int const in_flight : {1, 16})
    add_echo("pool_cared_for",
             {.workers = 2,
              .max_worker_memory = std::uint64_t{1} << 30,
              .initializer = [] {},
              .recycle = {.age = std::chrono::hours{1}, .memory_growth = std::uint64_t{1} << 29},
              .slots = {{.environment = {{"DEVICE", "0"}}}, {.environment = {{"DEVICE", "1"}}}}},
             {.in_flight = in_flight});
  for (int const in_flight : {1, 16}) {
    add_observed_echo("pool_observed", in_flight,
                      [] { return isolatte::observe([](const isolatte::job_event&) {}); });
    add_observed_echo("pool_metrics", in_flight, [] { return isolatte::prometheus_metrics{}; });
  }
  for (int const in_flight : {1, 16})
    add_echo("pool_fresh", {.workers = 2, .max_jobs_per_worker = 1},
             {.jobs = 500, .in_flight = in_flight});
  for (int const threads : {1, 4}) {
    add_busy(8, 20, threads);
    add_busy(16, 200, threads);
  }
}
