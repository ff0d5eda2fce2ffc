// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// Isolated jobs and processes of Boost.Process in one event loop. Neither takes a status from the
// other: each waits for its own children alone.

#include <isolatte.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/process/v2/process.hpp>

#include <exception>
#include <iostream>
#include <string>

namespace asio = boost::asio;
namespace process = boost::process::v2;

namespace {

//[both
asio::awaitable<void> run_both() {
  auto const executor = co_await asio::this_coro::executor;
  int programs = 0;
  int jobs = 0;
  for (int i = 0; i != 20; ++i) {
    process::process program{executor, "/bin/sh", {"-c", "exit " + std::to_string(i)}};
    auto const job = co_await isolatte::async_fork(executor, [i] { return i; });
    int const code = co_await program.async_wait(asio::deferred);
    programs += code == i;
    jobs += job.value_or(-1) == i;
  }
  std::cout << programs << " programs and " << jobs << " jobs ended as they were to\n";
}
//]

}  // namespace

int main() {
  asio::io_context context;
  asio::co_spawn(context, run_both(), [](std::exception_ptr error) {
    if (error) std::rethrow_exception(error);
  });
  context.run();
}
