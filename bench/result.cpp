// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// Results of many sizes: arrays of doubles. "result" has the fork in it; "transfer" begins when the
// child has made the array and ends when the caller has it.

#include "by_hand.hpp"
#include "counters.hpp"
#include "jobs.hpp"
#include "rows.hpp"

#include <isolatte/async_fork.hpp>
#include <isolatte/call.hpp>
#include <isolatte/serialization.hpp>
#include <isolatte/worker_pool.hpp>

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstddef>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace {

using doubles = std::vector<double>;

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Makes an array whose first element is the time at which the array was complete.
doubles make(std::size_t size) {
  doubles all(size, 1.5);
  all[0] = now();
  return all;
}

std::size_t size_of(benchmark::State const& state) {
  return static_cast<std::size_t>(state.range(0)) * 1024 / sizeof(double);
}

struct transfer_times {
  double made = 0;
  double ended = 0;
};

/// Runs the job of each iteration, which says when its transfer began and ended.
template <class Job>
void results(benchmark::State& state, bool transfer, Job job) {
  counted const counts{state};
  for (auto _ : state) {
    double const began = now();
    transfer_times const times = job();
    state.SetIterationTime(transfer ? times.ended - times.made : now() - began);
  }
  state.counters["bytes"] = static_cast<double>(size_of(state) * sizeof(double));
}

/// Sends whole arrays by hand.
void raw_result(benchmark::State& state, bool transfer) {
  std::size_t const size = size_of(state);
  results(state, transfer, [size] {
    raw_child const child = start_raw([size](int fd) {
      doubles const values = make(size);
      write_all(fd, values.data(), size * sizeof(double));
    });
    doubles values(size);
    read_all(child.fd, values.data(), size * sizeof(double));
    transfer_times const times{values[0], now()};
    reap_raw(child);
    benchmark::DoNotOptimize(values.data());
    return times;
  });
}

/// Sends arrays the obvious way: one element after the other into a stringstream, then through a
/// pipe.
void stream_result(benchmark::State& state) {
  std::size_t const size = size_of(state);
  results(state, false, [size] {
    raw_child const child = start_raw([size](int fd) {
      doubles const values = make(size);
      std::ostringstream stream;
      stream.write(reinterpret_cast<const char*>(&size), sizeof size);
      for (double const value : values)
        stream.write(reinterpret_cast<const char*>(&value), sizeof value);
      std::string const bytes = stream.str();
      write_all(fd, bytes.data(), bytes.size());
    });
    std::stringstream stream;
    std::vector<char> buffer(64 * 1024);
    for (ssize_t count; (count = ::read(child.fd, buffer.data(), buffer.size())) != 0;) {
      if (count == -1) give_up("read");
      stream.write(buffer.data(), count);
    }
    reap_raw(child);
    std::size_t count = 0;
    stream.read(reinterpret_cast<char*>(&count), sizeof count);
    doubles values(count);
    for (double& value : values) stream.read(reinterpret_cast<char*>(&value), sizeof value);
    return transfer_times{values.at(0), now()};
  });
}

void async_result(benchmark::State& state, bool transfer) {
  std::size_t const size = size_of(state);
  boost::asio::io_context context{1};
  results(state, transfer, [&] {
    transfer_times times;
    isolatte::async_fork(
        context, [size] { return make(size); }, {.early = transfer},
        [&](boost::system::error_code error, isolatte::outcome<doubles> result) {
          times = {result.value().at(0), now()};
          expect_value{}(error, std::move(result));
        });
    run_all(context);
    return times;
  });
}

void pool_result(benchmark::State& state) {
  std::size_t const size = size_of(state);
  boost::asio::io_context context{1};
  isolatte::worker_pool pool{context, {.workers = 1}};
  crowd one{context, [&](auto handler) {
              pool.async_run(isolatte::call(make, size), {}, std::move(handler));
            }};
  one.run(10, 1);
  constexpr int jobs = 10;
  {
    counted const counts{state, jobs};
    for (auto _ : state) one.run(jobs, 1);
  }
  state.counters["bytes"] = static_cast<double>(size * sizeof(double));
  pool.stop();
  run_all(context);
}

}  // namespace

void add_result_rows() {
  auto const add = [](const char* name, int kib, auto row) {
    add_timed_row(name, kib < 1024 ? 50 : kib < 16384 ? 20 : 1, row)->ArgName("KiB")->Arg(kib);
  };
  for (int const kib : {4, 64, 256, 1024, 4096, 65536}) {
    add("raw/result", kib, [](auto& state) { raw_result(state, false); });
    add("raw/transfer", kib, [](auto& state) { raw_result(state, true); });
    add("async/result", kib, [](auto& state) { async_result(state, false); });
    add("async/transfer", kib, [](auto& state) { async_result(state, true); });
    if (kib < 65536) add_row("pool/result", 1, pool_result)->ArgName("KiB")->Arg(kib);
  }
  add("stream/result", 65536, stream_result);
}
