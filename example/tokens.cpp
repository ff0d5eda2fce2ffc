// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// One operation, awaited with several completion tokens of Boost.Asio.

#include <isolatte.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>

#include <exception>
#include <future>
#include <iostream>
#include <string>
#include <thread>

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

int answer() { return 42; }

void blocking() {
  //[blocking
  isolatte::outcome<int> const result = isolatte::fork(answer);
  std::cout << "no event loop: " << result.value() << '\n';
  //]
}

void callback(asio::io_context& context) {
  //[callback
  isolatte::async_fork(context, answer, [](error_code error, isolatte::outcome<int> result) {
    if (error)
      std::cout << "no child: " << error.message() << '\n';
    else
      std::cout << "callback: " << result.value() << '\n';
  });
  //]
}

//[coroutine
asio::awaitable<void> coroutine() {
  auto const executor = co_await asio::this_coro::executor;

  // The default token, asio::deferred, can be awaited at once. Errors are thrown.
  int value = (co_await isolatte::async_fork(executor, answer)).value();
  std::cout << "deferred: " << value << '\n';

  value = (co_await isolatte::async_fork(executor, answer, asio::use_awaitable)).value();
  std::cout << "use_awaitable: " << value << '\n';

  // Errors as values.
  auto const [error, result] =
      co_await isolatte::async_fork(executor, answer, asio::as_tuple(asio::use_awaitable));
  if (!error) std::cout << "as_tuple: " << result.value() << '\n';
}
//]

//[default
using awaiting_executor = asio::use_awaitable_t<>::executor_with_default<asio::any_io_executor>;

asio::awaitable<void> own_default() {
  // The default token of the executor takes the place of asio::deferred.
  awaiting_executor const executor{co_await asio::this_coro::executor};
  asio::awaitable<isolatte::outcome<int>> operation = isolatte::async_fork(executor, answer);
  int const value = (co_await std::move(operation)).value();
  std::cout << "executor's default: " << value << '\n';
}
//]

void future(asio::io_context& context) {
  //[future
  std::future<isolatte::outcome<int>> result =
      isolatte::async_fork(context, answer, asio::use_future);
  std::thread loop{[&] { context.run(); }};
  std::cout << "use_future: " << result.get().value() << '\n';
  loop.join();
  //]
}

}  // namespace

int main() {
  blocking();

  asio::io_context context;
  callback(context);
  auto const rethrow = [](std::exception_ptr error) {
    if (error) std::rethrow_exception(error);
  };
  asio::co_spawn(context, coroutine(), rethrow);
  asio::co_spawn(context, own_default(), rethrow);
  context.run();

  context.restart();
  future(context);
}
