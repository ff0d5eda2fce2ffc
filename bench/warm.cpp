// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// Fresh processes that begin with state which a template has loaded once.

#include "counters.hpp"
#include "jobs.hpp"
#include "now_and_then.hpp"
#include "rows.hpp"

#include <isolatte/call.hpp>
#include <isolatte/fork_server.hpp>
#include <isolatte/worker_pool.hpp>

#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>

namespace {

constexpr std::size_t mebibyte = 1024 * 1024;

char* warm_state = nullptr;

void make_state(std::size_t bytes) {
  warm_state = new char[bytes];
  std::fill(warm_state, warm_state + bytes, 'x');
  benchmark::DoNotOptimize(warm_state);
  benchmark::ClobberMemory();
}

/// Runs one job at a time in a fresh child with warm state.
class warm_server {
 public:
  warm_server(std::size_t mebibytes, bool huge_pages)
      : server_{context_,
                {.preload = isolatte::call(make_state, mebibytes * mebibyte),
                 .huge_pages = huge_pages}} {
    run();
  }

  void run() {
    server_.async_fork(isolatte::call(answer), {}, expect_value{});
    run_all(context_);
  }

 private:
  boost::asio::io_context context_{1};
  isolatte::fork_server server_;
};

void back_to_back(benchmark::State& state, std::size_t mebibytes, bool huge_pages) {
  warm_server server{mebibytes, huge_pages};
  counted const counts{state};
  for (auto _ : state) server.run();
}

void one_now_and_then(benchmark::State& state, std::size_t mebibytes) {
  warm_server server{mebibytes, true};
  now_and_then(state, [&] { server.run(); });
}

/// A pool that makes a process for each job.
void pool_fresh(benchmark::State& state, isolatte::startup_call preload, int in_flight) {
  boost::asio::io_context context{1};
  isolatte::worker_pool pool{
      context, {.workers = 2, .max_jobs_per_worker = 1, .preload = std::move(preload)}};
  crowd all{context, [&pool](auto handler) {
              pool.async_run(isolatte::call(answer), {}, std::move(handler));
            }};
  constexpr int jobs = 500;
  all.run(jobs, in_flight);
  {
    counted const counts{state, jobs};
    for (auto _ : state) all.run(jobs, in_flight);
  }
  pool.stop();
  run_all(context);
}

}  // namespace

void add_warm_rows() {
  for (std::size_t const mebibytes : {64, 256, 1024})
    for (bool const huge_pages : {false, true})
      add_row((huge_pages ? "server_warm_huge/int/MiB:" : "server_warm/int/MiB:") +
                  std::to_string(mebibytes),
              100, [=](benchmark::State& state) { back_to_back(state, mebibytes, huge_pages); });
  for (std::size_t const mebibytes : {64, 256, 1024})
    add_timed_row("server_warm_huge/int_now_and_then/MiB:" + std::to_string(mebibytes), 100,
                  [=](benchmark::State& state) { one_now_and_then(state, mebibytes); });
  for (int const in_flight : {1, 16}) {
    std::string const parameters = "/int/in_flight:" + std::to_string(in_flight);
    add_row("pool_fresh" + parameters, 1,
            [=](benchmark::State& state) { pool_fresh(state, [] {}, in_flight); });
    add_row("pool_fresh_warm" + parameters, 1, [=](benchmark::State& state) {
      pool_fresh(state, isolatte::call(make_state, 64 * mebibyte), in_flight);
    });
  }
}
