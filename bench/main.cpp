// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// Compares the library with careful programs that do the same by hand, and with other libraries.
// tools/bench runs the rows several times each and prints the ratios between them.

#include "counters.hpp"
#include "rows.hpp"
#include "server.hpp"

#include <isolatte.hpp>

#include <benchmark/benchmark.h>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/version.hpp>

#include <cstring>
#include <iostream>

namespace {

#if defined(__clang__)
constexpr const char* compiler = __VERSION__;
#else
constexpr const char* compiler = "GCC " __VERSION__;
#endif

/// Makes this the same program for rows by hand as for those of the library, whose libraries,
/// memory and handlers a fork copies, too.
void run_a_job() {
  boost::asio::io_context context{1};
  isolatte::async_fork(context, [] {}, boost::asio::detached);
  context.run();
}

}  // namespace

/// `--count` counts events instead of measuring time.
int main(int count, char** arguments) {
  if (count > 1 && std::strcmp(arguments[1], "--count") == 0) {
    if (!count_events()) std::cerr << "the kernel lets this user count no system calls\n";
    arguments[1] = arguments[0];
    --count;
    ++arguments;
  }
  benchmark::AddCustomContext("compiler", compiler);
  benchmark::AddCustomContext("boost", BOOST_LIB_VERSION);
  early_servers first;
  early = &first;
  add_archive_rows();
  add_fault_rows();
  add_fork_rows();
  add_in_flight_rows();
  add_memory_rows();
  add_peer_rows();
  add_pool_rows();
  add_result_rows();
  add_sandbox_rows();
  add_server_rows();
  add_talk_rows();
  add_warm_rows();
  benchmark::Initialize(&count, arguments);
  if (benchmark::ReportUnrecognizedArguments(count, arguments)) return 1;
  run_a_job();
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
