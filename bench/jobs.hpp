// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_BENCH_JOBS_HPP
#define ISOLATTE_BENCH_JOBS_HPP

#include <isolatte/outcome.hpp>

#include <benchmark/benchmark.h>
#include <boost/asio/io_context.hpp>
#include <boost/system/error_code.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <iostream>
#include <thread>
#include <utility>
#include <vector>

inline int answer() { return 42; }

/// A handler that ends the benchmark if the job has no value.
struct expect_value {
  template <class R>
  void operator()(boost::system::error_code error, isolatte::outcome<R> result) const {
    if (error || !result.success()) {
      std::cerr << "a job failed: " << error.message() << ", " << result << '\n';
      std::abort();
    }
    benchmark::DoNotOptimize(result);
  }
};

inline void run_all(boost::asio::io_context& context) {
  context.run();
  context.restart();
}

/// The jobs of one iteration: at least twice as many as are in flight, so that all of them run for
/// most of the time.
inline int jobs_of(int in_flight) { return std::max(256, 2 * in_flight); }

/// Keeps a number of jobs in flight. `Start` is called with the handler of one job.
template <class Start>
class crowd {
 public:
  crowd(boost::asio::io_context& context, Start start)
      : context_{context}, start_{std::move(start)} {}
  crowd(const crowd&) = delete;
  crowd& operator=(const crowd&) = delete;

  void run(int jobs, int in_flight, int threads = 1) {
    to_start_ = jobs;
    to_end_ = jobs;
    for (int i = 0; i != in_flight; ++i) next();
    {
      std::vector<std::jthread> others;
      for (int i = 1; i < threads; ++i) others.emplace_back([this] { context_.run(); });
      context_.run();
    }
    context_.restart();
  }

 private:
  void next() {
    if (to_start_.fetch_sub(1) <= 0) return;
    start_([this](boost::system::error_code error, auto result) {
      expect_value{}(error, std::move(result));
      next();
      // A pool leaves the context with work to do, so that run() would not return.
      if (to_end_.fetch_sub(1) == 1) context_.stop();
    });
  }

  boost::asio::io_context& context_;
  Start start_;
  std::atomic<int> to_start_ = 0;
  std::atomic<int> to_end_ = 0;
};

#endif
