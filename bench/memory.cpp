// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// Jobs of a program that has much memory in use: up to ISOLATTE_BENCH_MIB mebibytes, 1024 by
// default.

#include "by_hand.hpp"
#include "counters.hpp"
#include "jobs.hpp"
#include "now_and_then.hpp"
#include "rows.hpp"
#include "server.hpp"

#include <isolatte/async_fork.hpp>
#include <isolatte/exclude_from_children.hpp>

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <utility>
#include <vector>

namespace {

std::vector<char> memory_of(benchmark::State const& state) {
  return std::vector<char>(static_cast<std::size_t>(state.range(0)) * 1024 * 1024, 'x');
}

template <class Job>
void with_memory(benchmark::State& state, Job job) {
  std::vector<char> memory = memory_of(state);
  benchmark::DoNotOptimize(memory.data());
  job();  // the first one shares the pages of the program, which costs the program faults
  counted const counts{state};
  for (auto _ : state) job();
}

void raw_memory(benchmark::State& state) {
  with_memory(state, [] { finish_raw_int(start_raw_int()); });
}

void async_memory(benchmark::State& state) {
  boost::asio::io_context context{1};
  with_memory(state, [&] {
    isolatte::async_fork(context, answer, {}, expect_value{});
    run_all(context);
  });
}

/// Measures until the outcome; the end of the child, which is not waited for, is not measured.
void early_memory(benchmark::State& state) {
  using clock = std::chrono::steady_clock;
  std::vector<char> memory = memory_of(state);
  benchmark::DoNotOptimize(memory.data());
  boost::asio::io_context context{1};
  for (auto _ : state) {
    auto const start = clock::now();
    clock::time_point end;
    isolatte::async_fork(context, answer, {.early = true},
                         [&](boost::system::error_code error, isolatte::outcome<int> result) {
                           end = clock::now();
                           expect_value{}(error, std::move(result));
                         });
    run_all(context);
    state.SetIterationTime(std::chrono::duration<double>(end - start).count());
  }
}

void excluded_memory(benchmark::State& state) {
  std::vector<char> memory = memory_of(state);
  isolatte::exclude_from_children(memory.data(), memory.size());
  boost::asio::io_context context{1};
  {
    counted const counts{state};
    for (auto _ : state) {
      isolatte::async_fork(context, answer, {}, expect_value{});
      run_all(context);
    }
  }
  isolatte::include_in_children(memory.data(), memory.size());
}

void server_memory(benchmark::State& state) {
  with_memory(state, [] { serve_one(early->plain); });
}

void server_memory_now_and_then(benchmark::State& state) {
  std::vector<char> memory = memory_of(state);
  benchmark::DoNotOptimize(memory.data());
  now_and_then(state, [] { serve_one(early->plain); });
}

}  // namespace

void add_memory_rows() {
  char const* const said = std::getenv("ISOLATTE_BENCH_MIB");
  std::size_t const most = said ? std::strtoul(said, nullptr, 10) : 1024;
  std::vector<std::size_t> sizes;
  for (std::size_t size = 1; size < most; size *= 4) sizes.push_back(size);
  sizes.push_back(most);
  auto const add = [&](auto add_a_row, const char* name, void (*row)(benchmark::State&),
                       int iterations) {
    for (std::size_t const size : sizes)
      add_a_row(name, size < 256 ? 50 : iterations, row)
          ->ArgName("MiB")
          ->Arg(static_cast<std::int64_t>(size));
  };
  using row_function = void (*)(benchmark::State&);
  auto const wall = add_row<row_function>;
  auto const timed = add_timed_row<row_function>;
  add(wall, "raw/memory", raw_memory, 5);
  add(wall, "async/memory", async_memory, 5);
  add(timed, "async_early/memory", early_memory, 5);
  add(wall, "async_excluded/memory", excluded_memory, 50);
  add(wall, "server/memory", server_memory, 50);
  add(timed, "server/memory_now_and_then", server_memory_now_and_then, 50);
}
