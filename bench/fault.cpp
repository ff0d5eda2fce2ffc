// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// A job that dies by SIGSEGV.

#include "by_hand.hpp"
#include "counters.hpp"
#include "jobs.hpp"
#include "rows.hpp"

#include <isolatte/async_fork.hpp>

#include <boost/asio/io_context.hpp>

#include <csignal>
#include <cstdlib>

#include <sys/wait.h>
#include <unistd.h>

namespace {

void raw_fault(benchmark::State& state) {
  counted const counts{state};
  for (auto _ : state) {
    pid_t const pid = ::fork();
    if (pid == -1) give_up("fork");
    if (pid == 0) ::_exit(std::raise(SIGSEGV));
    int status = 0;
    if (::waitpid(pid, &status, 0) != pid) give_up("waitpid");
  }
}

void async_fault(benchmark::State& state, bool report) {
  boost::asio::io_context context{1};
  counted const counts{state};
  for (auto _ : state) {
    isolatte::async_fork(
        context, [] { std::raise(SIGSEGV); }, {.limits = {.core_size = 0}, .fault_report = report},
        [report](boost::system::error_code error, isolatte::outcome<void> result) {
          if (error || result.how() != isolatte::ending::faulted) std::abort();
          if (report != result.fault().has_value()) std::abort();
        });
    run_all(context);
  }
}

}  // namespace

void add_fault_rows() {
  add_row("raw/fault", 50, raw_fault);
  add_row("async/fault", 50, [](benchmark::State& state) { async_fault(state, true); });
  add_row("async_bare/fault", 50, [](benchmark::State& state) { async_fault(state, false); });
}
