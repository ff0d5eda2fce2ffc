// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// Jobs in sandboxes.

#include "counters.hpp"
#include "jobs.hpp"
#include "rows.hpp"
#include "server.hpp"

#include <isolatte/async_fork.hpp>
#include <isolatte/call.hpp>
#include <isolatte/sandbox.hpp>

#include <boost/asio/io_context.hpp>

#include <sstream>
#include <string>
#include <utility>

namespace {

/// Skips the row if this build or this system has no such sandbox.
template <class Job>
void sandboxed(benchmark::State& state, Job job) {
  {
    bool failed = false;
    job([&](boost::system::error_code error, isolatte::outcome<int> const& result) {
      std::ostringstream why;
      why << result;
      failed = error || !result;
      if (failed) state.SkipWithError(why.str().c_str());
    });
    if (failed) return;
  }
  counted const counts{state};
  for (auto _ : state) job(expect_value{});
}

void async_sandboxed(benchmark::State& state, isolatte::sandbox const& box) {
  boost::asio::io_context context{1};
  sandboxed(state, [&](auto handler) {
    isolatte::async_fork(context, answer, {.sandbox = box}, std::move(handler));
    run_all(context);
  });
}

void server_sandboxed(benchmark::State& state) {
  sandboxed(state, [](auto handler) {
    early->sandboxed.async_fork(isolatte::call(answer), {}, std::move(handler));
    run_all(early->context);
  });
}

}  // namespace

void add_sandbox_rows() {
  auto const add = [](const char* name, isolatte::sandbox const& box) {
    add_row(std::string{"async_sandbox/"} + name, 100,
            [box](benchmark::State& state) { async_sandboxed(state, box); });
  };
  add("pure", isolatte::sandbox::pure());
  add("reader", isolatte::sandbox::reader({"/usr", "/etc"}));
  add("network", {.network = isolatte::any_network});
  add("processes", {.execute = {"/usr"}, .processes = true});
  add("own_network", {.isolate = {.network = true}});
  add("own_processes", {.isolate = {.processes = true}});
  add_row("server_sandbox/pure", 100, server_sandboxed);
}
