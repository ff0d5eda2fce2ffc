// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// Isolated jobs in the coroutines of Boost.Cobalt.

#include <isolatte.hpp>

#include <boost/asio/steady_timer.hpp>
#include <boost/cobalt/gather.hpp>
#include <boost/cobalt/main.hpp>
#include <boost/cobalt/op.hpp>
#include <boost/cobalt/race.hpp>
#include <boost/cobalt/task.hpp>
#include <boost/cobalt/this_coro.hpp>
#include <boost/system/result.hpp>

#include <chrono>
#include <csignal>
#include <iostream>
#include <string>
#include <vector>

#include <unistd.h>

namespace asio = boost::asio;
namespace cobalt = boost::cobalt;
using namespace std::chrono_literals;

namespace {

int square(int number) {
  if (number == 3) std::raise(SIGSEGV);
  return number * number;
}

void hang() {
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
  for (boost::system::result<std::string, std::exception_ptr> const& each :
       co_await cobalt::gather(all))
    std::cout << ++number << ": " << each.value() << '\n';
  //]

  //[race
  auto const executor = co_await cobalt::this_coro::executor;
  asio::steady_timer patience{executor, 50ms};
  // The job that loses is cancelled, and so is its process.
  auto const first = co_await cobalt::race(isolatte::async_fork(executor, hang, cobalt::use_op),
                                           patience.async_wait(cobalt::use_op));
  std::cout << (first.index() == 1 ? "the timer was first\n" : "the job was first\n");
  //]
  co_return 0;
}
