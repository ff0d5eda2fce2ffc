// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// Runs many jobs with a few children at a time, and keeps the results in the order of the jobs.
// `concurrent [JOBS [WORKERS]]`

#include <isolatte.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>

#include <cstddef>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace asio = boost::asio;

namespace {

/// Factorises a number, but aborts or throws for some.
std::vector<int> factorise(int number) {
  if (number % 13 == 0) std::abort();
  if (number % 17 == 0) throw std::domain_error("not " + std::to_string(number));
  std::vector<int> factors;
  for (int factor = 2; factor <= number; ++factor)
    for (; number % factor == 0; number /= factor) factors.push_back(factor);
  return factors;
}

//[workers
using results = std::vector<isolatte::outcome<std::vector<int>>>;

// Each worker is a coroutine with one child at a time, which takes the next job after the last.
asio::awaitable<void> worker(results& all, std::size_t& next) {
  auto const executor = co_await asio::this_coro::executor;
  while (next != all.size()) {
    std::size_t const job = next++;
    all[job] =
        co_await isolatte::async_fork(executor, [job] { return factorise(static_cast<int>(job)); });
  }
}

results run(std::size_t jobs, int workers) {
  asio::io_context context;
  results all(jobs);
  std::size_t next = 0;
  for (int i = 0; i != workers; ++i)
    asio::co_spawn(context, worker(all, next), [](std::exception_ptr error) {
      if (error) std::rethrow_exception(error);
    });
  context.run();
  return all;
}
//]

}  // namespace

int main(int count, char** arguments) {
  auto const jobs = static_cast<std::size_t>(count > 1 ? std::atoi(arguments[1]) : 20);
  int const workers = count > 2 ? std::atoi(arguments[2]) : 4;

  std::map<isolatte::ending, int> endings;
  std::size_t number = 0;
  for (auto const& result : run(jobs, workers)) {
    ++endings[result.how()];
    std::cout << number++ << ':';
    if (result)
      for (int const factor : result.value()) std::cout << ' ' << factor;
    else
      std::cout << ' ' << result;
    std::cout << '\n';
  }
  for (auto const& [ending, times] : endings) std::cout << times << ' ' << ending << '\n';
}
