// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// Many jobs at a time, each in a fresh child.

#include "by_hand.hpp"
#include "counters.hpp"
#include "jobs.hpp"
#include "rows.hpp"

#include <isolatte/async_fork.hpp>

#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <utility>
#include <vector>

namespace {

void raw_in_flight(benchmark::State& state) {
  auto const in_flight = static_cast<int>(state.range(0));
  int const jobs = jobs_of(in_flight);
  counted const counts{state, jobs};
  for (auto _ : state)
    run_raw_ints(static_cast<std::size_t>(jobs), static_cast<std::size_t>(in_flight));
}

/// Forks by hand in as many processes as there are processors: an upper bound for fork servers.
void raw_parallel(benchmark::State& state) {
  auto const processes = std::max(1U, std::thread::hardware_concurrency());
  auto const in_flight = static_cast<std::size_t>(state.range(0));
  std::size_t const each = 500;
  counted const counts{state, static_cast<std::int64_t>(each * processes)};
  for (auto _ : state) {
    std::vector<raw_child> children;
    for (unsigned i = 0; i != processes; ++i)
      children.push_back(start_raw([=](int fd) {
        run_raw_ints(each, std::max<std::size_t>(1, in_flight / processes));
        int const done = 1;
        write_all(fd, &done, sizeof done);
      }));
    for (raw_child const& child : children) finish_raw_int(child);
  }
}

void async_in_flight(benchmark::State& state) {
  auto const in_flight = static_cast<int>(state.range(0));
  int const jobs = jobs_of(in_flight);
  boost::asio::io_context context{1};
  crowd all{context,
            [&](auto handler) { isolatte::async_fork(context, answer, {}, std::move(handler)); }};
  counted const counts{state, jobs};
  for (auto _ : state) all.run(jobs, in_flight);
}

}  // namespace

void add_in_flight_rows() {
  for (int const in_flight : {1, 4, 16, 64, 1000}) {
    add_row("raw/int", 1, raw_in_flight)->ArgName("in_flight")->Arg(in_flight);
    add_row("async/int", 1, async_in_flight)->ArgName("in_flight")->Arg(in_flight);
  }
  add_row("raw/int_parallel", 1, raw_parallel)->ArgName("in_flight")->Arg(64);
}
