// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// usage: interpreter [LINE...]
// Runs lines of a small language, from the arguments or from standard input. The interpreter lives
// in a process of its own: what it knows stays from line to line, and a crash costs that and no
// more. Try `f(n) = f(n)`, and then `f(1)`.

#include "interpreter.hpp"

#include <isolatte.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>

#include <chrono>
#include <exception>
#include <iostream>
#include <optional>
#include <string>
#include <utility>

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

/// The lines to run.
class lines {
 public:
  lines(int count, char** arguments) : next_{arguments + 1}, end_{arguments + count} {
    asks_ = next_ == end_;
  }

  /// Waits for a person where there is one. The event loop has nothing else to do.
  std::optional<std::string> next() {
    std::string line;
    if (asks_) {
      std::cout << "> " << std::flush;
      if (!std::getline(std::cin, line)) return std::nullopt;
    } else {
      if (next_ == end_) return std::nullopt;
      line = *next_++;
      std::cout << "> " << line << '\n';
    }
    return line;
  }

 private:
  char** next_;
  char** end_;
  bool asks_;
};

std::string message_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& caught) {
    return caught.what();
  }
}

//[repl
asio::awaitable<void> run(lines input) {
  auto const executor = co_await asio::this_coro::executor;
  isolatte::resident<interpreter> held{executor, [] { return interpreter{}; }};
  while (auto const line = input.next()) {
    auto running = held.async_call(isolatte::call(&interpreter::run, *line), {.timeout = 2s},
                                   asio::as_tuple(asio::deferred));
    auto const [error, answer] = co_await std::move(running);
    if (error)
      std::cout << error.message() << '\n';
    else if (answer)
      std::cout << *answer << '\n';
    else if (answer.how() == isolatte::ending::threw)
      std::cout << "error: " << message_of(answer.exception()) << '\n';
    else
      std::cout << answer << "\nAll that was defined is gone.\n";
  }
}
//]

}  // namespace

int main(int count, char** arguments) {
  asio::io_context context;
  asio::co_spawn(context, run({count, arguments}), [](std::exception_ptr error) {
    if (error) std::rethrow_exception(error);
  });
  context.run();
}
