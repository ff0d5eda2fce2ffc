// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// Runs many small jobs on a few warm workers, with a progress bar: which number below a limit
// starts the longest Collatz sequence? Some jobs are bad, and cost only themselves. `pool [LIMIT
// [WORKERS]]`

#include <isolatte.hpp>

#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>

#include <unistd.h>

namespace asio = boost::asio;

namespace {

constexpr long block = 1000;

/// Returns the length and the start of the longest sequence that starts in [first, first + block).
std::pair<int, long> longest_from(long first) {
  if (first == 7 * block) std::abort();
  if (first == 11 * block) throw std::domain_error("an unlucky number");
  std::pair<int, long> longest{0, 0};
  for (long start = std::max(first, 1L); start != first + block; ++start) {
    int steps = 0;
    for (unsigned long n = static_cast<unsigned long>(start); n != 1; ++steps)
      n = n % 2 == 0 ? n / 2 : 3 * n + 1;
    longest = std::max(longest, {steps, start});
  }
  return longest;
}

void show_progress(long done, long all) {
  if (::isatty(STDERR_FILENO) == 0) return;
  constexpr long width = 50;
  std::string bar(width, '.');
  std::fill_n(bar.begin(), done * width / all, '#');
  std::cerr << '\r' << bar << (done == all ? "\n" : "") << std::flush;
}

}  // namespace

//[pool
int main(int count, char** arguments) {
  long const blocks = (count > 1 ? std::atol(arguments[1]) : 1'000'000) / block;
  auto const workers = static_cast<std::size_t>(count > 2 ? std::atoi(arguments[2]) : 0);

  asio::io_context context;
  isolatte::worker_pool pool{context, {.workers = workers}};
  std::pair<int, long> longest{0, 0};
  long done = 0;
  for (long i = 0; i != blocks; ++i)
    pool.async_run(isolatte::call(longest_from, i * block), {},
                   [&, i](boost::system::error_code, isolatte::outcome<std::pair<int, long>> what) {
                     if (what)
                       longest = std::max(longest, what.value());
                     else
                       std::cout << "block " << i << ": " << what << '\n';
                     show_progress(++done, blocks);
                   });
  pool.async_drain([&](boost::system::error_code) { pool.stop(); });
  context.run();

  std::cout << longest.second << " has the longest sequence: " << longest.first << " steps\n";
  isolatte::pool_stats const stats = pool.stats();
  std::cout << stats.started << " jobs, " << stats.restarts << " workers replaced\n";
}
//]
