// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// One job at a time: an int, a struct, a program.

#include "by_hand.hpp"
#include "counters.hpp"
#include "jobs.hpp"
#include "rows.hpp"

#include <isolatte/async_execute.hpp>
#include <isolatte/async_fork.hpp>
#include <isolatte/fork.hpp>
#include <isolatte/serialization.hpp>

#include <boost/asio/io_context.hpp>

#include <string>
#include <utility>
#include <vector>

#include <spawn.h>
#include <sys/wait.h>

namespace {

namespace asio = boost::asio;

void raw_int(benchmark::State& state) {
  counted const counts{state};
  for (auto _ : state) finish_raw_int(start_raw_int());
}

template <class F>
void async(benchmark::State& state, F f, isolatte::options const& opts) {
  asio::io_context context{1};
  counted const counts{state};
  for (auto _ : state) {
    isolatte::async_fork(context, f, opts, expect_value{});
    run_all(context);
  }
}

void async_int(benchmark::State& state) { async(state, answer, {}); }

/// Runs without every option that costs something: the least that the library itself adds.
void async_bare_int(benchmark::State& state) {
  async(state, answer,
        {.in = isolatte::inherit,
         .err = isolatte::inherit,
         .kill_tree = false,
         .die_with_parent = false,
         .fault_report = false});
}

struct record {
  int sections = 0;
  long symbols = 0;
  std::string largest;
  std::vector<std::string> needed;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & sections & symbols & largest & needed;
  }
};

record make_record() {
  return {31, 4096, "a_function_with_quite_a_long_name", {"libc.so.6", "libm.so.6"}};
}

void async_struct(benchmark::State& state) { async(state, make_record, {}); }

void blocking_int(benchmark::State& state) {
  counted const counts{state};
  for (auto _ : state) {
    int value = isolatte::fork(answer).value();
    benchmark::DoNotOptimize(value);
  }
}

void raw_program(benchmark::State& state) {
  counted const counts{state};
  for (auto _ : state) {
    char name[] = "/bin/true";
    char* const arguments[] = {name, nullptr};
    pid_t pid = -1;
    if (::posix_spawn(&pid, name, nullptr, nullptr, arguments, environ) != 0)
      give_up("posix_spawn");
    int status = 0;
    if (::waitpid(pid, &status, 0) != pid || status != 0) give_up("waitpid");
  }
}

void async_program(benchmark::State& state) {
  asio::io_context context{1};
  counted const counts{state};
  for (auto _ : state) {
    isolatte::async_execute(context, {"/bin/true"}, {}, expect_value{});
    run_all(context);
  }
}

}  // namespace

void add_fork_rows() {
  add_row("raw/int", 100, raw_int);
  add_row("async/int", 100, async_int);
  add_row("async_bare/int", 100, async_bare_int);
  add_row("blocking/int", 100, blocking_int);
  add_row("async/struct", 100, async_struct);
  add_row("raw/program", 50, raw_program);
  add_row("execute/program", 50, async_program);
}
