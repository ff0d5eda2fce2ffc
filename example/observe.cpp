// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// Shows what the jobs of a program do: as lines, as a trace for a viewer, and as numbers for
// Prometheus. `observe [TRACE]`

#include <isolatte.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/system/error_code.hpp>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <string>
#include <thread>

namespace asio = boost::asio;
using boost::system::error_code;
using namespace std::chrono_literals;

namespace {

int look_at(int number) {
  std::this_thread::sleep_for(std::chrono::milliseconds{1 + number * 7 % 20});
  if (number % 13 == 4) std::raise(SIGSEGV);
  if (number % 17 == 9) throw std::runtime_error{"no such picture"};
  if (number % 19 == 7) std::this_thread::sleep_for(1h);
  return number;
}

}  // namespace

int main(int argc, char** argv) {
  asio::io_context context;

  //[trace
  std::ofstream file{argc > 1 ? argv[1] : "jobs.json"};
  isolatte::trace_event_writer const trace{file};
  //]
  //[metrics
  isolatte::prometheus_metrics const metrics;
  //]
  //[observe
  auto const watching = isolatte::observe([](const isolatte::job_event& event) {
    if (event.moment != isolatte::job_moment::completed) return;
    if (event.summary->how == isolatte::ending::returned) return;
    std::cout << to_string(event.by) << " job " << event.job << ": " << event.summary->how << '\n';
  });
  //]

  isolatte::worker_pool pool{context, {.workers = 3, .worker = {.timeout = 1s}}};
  int right = 0;
  for (int i = 0; i != 60; ++i)
    pool.async_run(isolatte::call(look_at, i), [&](error_code, const isolatte::outcome<int>& what) {
      right += what.success();
    });
  pool.async_drain([&](error_code) { pool.stop(); });
  context.run();

  std::cout << right << " of 60 jobs returned\n\n" << metrics.text();
}
