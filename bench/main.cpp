// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// Compares the library with careful programs that do the same by hand, and with other libraries.
// tools/bench runs the rows several times each and prints the ratios between them.

#include "counters.hpp"
#include "rows.hpp"
#include "server.hpp"

#include <benchmark/benchmark.h>
#include <boost/version.hpp>

#include <cstring>
#include <iostream>

namespace {

#if defined(__clang__)
constexpr const char* compiler = __VERSION__;
#else
constexpr const char* compiler = "GCC " __VERSION__;
#endif

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
  benchmark::Initialize(&count, arguments);
  if (benchmark::ReportUnrecognizedArguments(count, arguments)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
