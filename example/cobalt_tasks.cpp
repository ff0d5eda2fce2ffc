// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// Isolated jobs in the coroutines of Boost.Cobalt.

#include <isolatte.hpp>

#include <boost/cobalt/gather.hpp>
#include <boost/cobalt/main.hpp>
#include <boost/cobalt/op.hpp>
#include <boost/cobalt/race.hpp>
#include <boost/cobalt/task.hpp>
#include <boost/cobalt/this_coro.hpp>
#include <boost/variant2/variant.hpp>

#include <csignal>
#include <iostream>
#include <string>
#include <vector>

#include <unistd.h>

namespace cobalt = boost::cobalt;

namespace {

int square(int number) {
  if (number == 3) std::raise(SIGSEGV);
  return number * number;
}

int answer() { return 42; }

int no_answer() {
  for (;;) ::pause();
}

//[task
cobalt::task<std::string> describe(int number) {
  auto const executor = co_await cobalt::this_coro::executor;
  isolatte::outcome<int> const result =
      co_await isolatte::async_fork(executor, [number] { return square(number); }, cobalt::use_op);
  co_return result ? std::to_string(result.value()) : std::string{to_string(result.how())};
}
//]

}  // namespace

cobalt::main co_main(int, char*[]) {
  //[gather
  std::vector<cobalt::task<std::string>> all;
  for (int number = 1; number != 6; ++number) all.push_back(describe(number));
  int number = 0;
  // A result without a value is the exception of a job that could not be started.
  for (auto const& each : co_await cobalt::gather(all))
    std::cout << ++number << ": " << each.value() << '\n';
  //]

  //[race
  // The loser is cancelled, and the race ends after the loser's process.
  auto const executor = co_await cobalt::this_coro::executor;
  auto const first =
      co_await cobalt::race(isolatte::async_fork(executor, no_answer, cobalt::use_op),
                            isolatte::async_fork(executor, answer, cobalt::use_op));
  boost::variant2::visit(
      [](const isolatte::outcome<int>& result) {
        std::cout << "first: " << result.value() << '\n';
      },
      first);
  //]
  co_return 0;
}
