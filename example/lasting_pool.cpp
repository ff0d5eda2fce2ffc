// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// Keeps a pool healthy whose jobs are of the worst kind: they lose memory, crash, and break the
// library that they use. `lasting_pool [JOBS]`

#include <isolatte.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/system/error_code.hpp>

#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <iostream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

/// A library with a connection that does not recover once it is lost.
struct library {
  bool connected = false;
  int lines = 0;
  std::vector<std::string> never_freed;
};
library state;

//[initializer
// Each worker opens what it needs, by the number that no other worker has.
void connect_to_port() {
  std::size_t const port = 9000 + isolatte::this_worker::slot();
  state.connected = port != 0;
}
//]

bool is_connected() { return state.connected; }

int read_settings(int lines) { return state.lines = lines; }

//[job
std::string handle(int number) {
  if (number % 97 == 0) std::raise(SIGSEGV);
  if (number % 31 == 0) state.connected = false;
  if (number % 53 == 0) {
    // The job knows that its process is of no more use.
    isolatte::this_worker::retire("licence lost");
    throw std::runtime_error{"the licence is lost"};
  }
  state.never_freed.emplace_back(std::size_t{256} << 10, 'x');
  return "job " + std::to_string(number);
}
//]

asio::awaitable<void> use(isolatte::worker_pool& pool, int jobs) {
  //[ready
  auto ready = pool.async_ready();
  co_await std::move(ready);
  //]
  int done = 0;
  int failed = 0;
  for (int i = 1; i <= jobs; ++i)
    pool.async_run(isolatte::call(handle, i),
                   [&](boost::system::error_code, const isolatte::outcome<std::string>& outcome) {
                     ++(outcome ? done : failed);
                   });

  //[resize
  auto grown = pool.async_resize(4);
  co_await std::move(grown);
  //]
  std::cout << "there are " << pool.concurrency() << " workers\n";

  //[everywhere
  auto reload = pool.async_run_everywhere(isolatte::call(read_settings, 12));
  for (auto const& outcome : co_await std::move(reload))
    std::cout << "slot " << outcome.worker()->slot
              << (outcome ? ": has new settings\n" : ": was replaced meanwhile\n");
  //]
  auto drained = pool.async_drain();
  co_await std::move(drained);

  std::cout << done << " jobs done, " << failed << " failed\n";
  //[stats
  for (auto const& [reason, workers] : pool.stats().retired)
    std::cout << workers << " workers replaced: " << reason << '\n';
  //]
  pool.stop();
}

}  // namespace

int main(int count, char** arguments) {
  int const jobs = count > 1 ? std::stoi(arguments[1]) : 400;
  asio::io_context context;
  //[pool
  isolatte::worker_pool pool{
      context,
      {.workers = 2,
       .max_worker_memory = std::uint64_t{256} << 20,
       .initializer = connect_to_port,
       .recycle = {.age = 24h,
                   .memory_growth = std::uint64_t{2} << 20,
                   .healthy = {is_connected, 500ms},
                   .max_unavailable = 1},
       .startup = {.timeout = 10s, .backoff_min = 100ms, .backoff_max = 30s, .give_up_after = 5},
       .on_start_failure = [](const isolatte::outcome<void>& how) {
         std::cerr << "a worker did not start: " << how << '\n';
       }}};
  //]
  asio::co_spawn(context, use(pool, jobs), asio::detached);
  context.run();
}
