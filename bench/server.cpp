// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// A fork server.

#include "server.hpp"

#include "by_hand.hpp"
#include "counters.hpp"
#include "jobs.hpp"
#include "now_and_then.hpp"
#include "rows.hpp"

#include <isolatte/call.hpp>

#include <utility>

early_servers* early = nullptr;

void serve_one(isolatte::fork_server& server) {
  server.async_fork(isolatte::call(answer), {}, expect_value{});
  run_all(early->context);
}

namespace {

void server_int(benchmark::State& state) {
  counted const counts{state};
  for (auto _ : state) serve_one(early->plain);
}

void in_flight_of(isolatte::fork_server& server, benchmark::State& state) {
  auto const in_flight = static_cast<int>(state.range(0));
  int const jobs = jobs_of(in_flight);
  crowd all{early->context, [&](auto handler) {
              server.async_fork(isolatte::call(answer), {}, std::move(handler));
            }};
  counted const counts{state, jobs};
  for (auto _ : state) all.run(jobs, in_flight);
}

}  // namespace

void add_server_rows() {
  add_row("server/int", 100, server_int);
  for (int const in_flight : {1, 4, 16, 64, 1000})
    add_row("server/int", 1, [](benchmark::State& state) { in_flight_of(early->plain, state); })
        ->ArgName("in_flight")
        ->Arg(in_flight);
  add_row("server/int_parallel", 1,
          [](benchmark::State& state) { in_flight_of(early->parallel, state); })
      ->ArgName("in_flight")
      ->Arg(64);
  add_timed_row("raw/int_now_and_then", 100, [](benchmark::State& state) {
    now_and_then(state, [] { finish_raw_int(start_raw_int()); });
  });
  add_timed_row("server/int_now_and_then", 100, [](benchmark::State& state) {
    now_and_then(state, [] { serve_one(early->plain); });
  });
}
