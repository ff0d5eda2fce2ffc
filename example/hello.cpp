// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// A coroutine runs a callable in a child process and awaits its outcome.

#include <isolatte.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>

#include <cstddef>
#include <exception>
#include <iostream>
#include <string>

namespace asio = boost::asio;

//[hello
// Checks no bound, so a large index reads memory that is not there.
char letter(const std::string& text, std::size_t index) { return text.data()[index]; }

asio::awaitable<void> hello(std::string text) {
  auto const executor = co_await asio::this_coro::executor;
  for (std::size_t const index : {std::size_t{1}, std::size_t{1} << 44}) {
    isolatte::outcome<char> const result =
        co_await isolatte::async_fork(executor, [&] { return letter(text, index); });
    if (result)
      std::cout << "letter " << index << " is " << result.value() << '\n';
    else
      std::cout << "letter " << index << ": " << result << '\n';
  }
  std::cout << "still here\n";
}
//]

int main() {
  asio::io_context context;
  asio::co_spawn(context, hello("hello"), [](std::exception_ptr error) {
    if (error) std::rethrow_exception(error);
  });
  context.run();
}
