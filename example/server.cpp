// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// Compares the cost of a child made by fork and by a fork server, in a program with several threads
// and much memory. `server [MEBIBYTES [JOBS]]`

#include <isolatte.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <iomanip>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

namespace asio = boost::asio;

namespace {

int answer(int question) { return question + 1; }

using microseconds = std::chrono::duration<double, std::micro>;

/// Runs one job after the other, and returns the median of their times.
template <class Start>
microseconds median(int jobs, Start start) {
  std::vector<microseconds> times;
  for (int i = 0; i != jobs; ++i) {
    auto const begin = std::chrono::steady_clock::now();
    if (start(i).get().value() != i + 1) std::abort();
    times.emplace_back(std::chrono::steady_clock::now() - begin);
  }
  std::nth_element(times.begin(), times.begin() + jobs / 2, times.end());
  return times[static_cast<std::size_t>(jobs / 2)];
}

void print(const char* way, microseconds time) {
  std::cout << std::left << std::setw(12) << way << std::right << std::fixed << std::setprecision(0)
            << std::setw(8) << time.count() << " us\n";
}

}  // namespace

int main(int count, char** arguments) {
  auto const mebibytes = static_cast<std::size_t>(count > 1 ? std::atol(arguments[1]) : 1024);
  int const jobs = std::max(1, count > 2 ? std::atoi(arguments[2]) : 25);

  //[early
  asio::io_context context;
  isolatte::fork_server server{context};  // while the program is small and has one thread

  // Memory makes fork slow, and threads make it unsafe.
  std::vector<char> memory(mebibytes * 1024 * 1024, 'x');
  auto work = asio::make_work_guard(context);
  std::vector<std::jthread> threads;
  for (int i = 0; i != 4; ++i) threads.emplace_back([&context] { context.run(); });
  //]

  std::cout << mebibytes << " MiB, " << threads.size() + 1 << " threads\n";
  //[both
  auto const by_fork = median(jobs, [&](int i) {
    return isolatte::async_fork(context, [i] { return answer(i); }, asio::use_future);
  });
  auto const by_server = median(
      jobs, [&](int i) { return server.async_fork(isolatte::call(answer, i), asio::use_future); });
  //]
  print("async_fork", by_fork);
  print("fork_server", by_server);
  std::cout << "The server is " << std::setprecision(1) << by_fork / by_server
            << " times as fast.\n";
  work.reset();
}
