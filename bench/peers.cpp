// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// Peers in C++: Boost.Process v2, which runs a program, and a thread pool, which isolates nothing.

#include "counters.hpp"
#include "jobs.hpp"
#include "rows.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/version.hpp>

#include <cstddef>
#include <cstdlib>
#include <semaphore>
#include <string>
#include <thread>

#if __has_include(<boost/process/v2/process.hpp>)
#define ISOLATTE_BENCH_PROCESS_V2
#if BOOST_VERSION < 108600
// Header-only there. The headers use names of Boost that only Boost.Filesystem would include.
#define BOOST_PROCESS_USE_STD_FS
#include <boost/optional.hpp>
#include <boost/type_traits/decay.hpp>
#include <boost/type_traits/is_constructible.hpp>
#include <boost/type_traits/is_convertible.hpp>
#endif
#include <boost/process/v2/process.hpp>
#endif

namespace {

namespace asio = boost::asio;

#if defined(ISOLATTE_BENCH_PROCESS_V2)
void boost_process(benchmark::State& state) {
  asio::io_context context{1};
  counted const counts{state};
  for (auto _ : state) {
    boost::process::v2::process child{context, "/bin/true", {}};
    child.async_wait([](boost::system::error_code error, int code) {
      if (error || code != 0) std::abort();
    });
    run_all(context);
  }
}
#endif

/// Posts jobs that echo a string to threads and takes the results, as many at a time as are in
/// flight.
void thread_pool(benchmark::State& state, int workers, int in_flight) {
  constexpr int jobs = 20'000;
  asio::thread_pool threads{static_cast<std::size_t>(workers)};
  asio::io_context context{1};
  auto work = asio::make_work_guard(context);
  std::string const text(64, 'x');
  crowd all{context, [&](auto handler) {
              asio::post(threads, [&context, text, handler]() mutable {
                asio::post(context, [text = std::move(text), handler]() mutable {
                  handler(boost::system::error_code{},
                          isolatte::outcome<std::string>::returned(std::move(text)));
                });
              });
            }};
  all.run(jobs / 20, in_flight);
  counted const counts{state, jobs};
  for (auto _ : state) all.run(jobs, in_flight);
}

void add_thread_pool(int workers, int in_flight) {
  add_row("thread_pool/echo/workers:" + std::to_string(workers) +
              "/in_flight:" + std::to_string(in_flight),
          1, [=](benchmark::State& state) { thread_pool(state, workers, in_flight); });
}

}  // namespace

void add_peer_rows() {
#if defined(ISOLATTE_BENCH_PROCESS_V2)
  add_row("boost_process/program", 50, boost_process);
#endif
  for (int const in_flight : {1, 4, 16, 256}) add_thread_pool(2, in_flight);
  for (int const workers : {1, 2, 4, 8, 16, 32}) add_thread_pool(workers, 64);
}
