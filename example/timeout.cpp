// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// Limits the time of a child: one that stops when asked, and one that ignores the signal.

#include <isolatte.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>

#include <chrono>
#include <csignal>
#include <exception>
#include <iostream>
#include <string_view>

#include <unistd.h>

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

//[polite
volatile std::sig_atomic_t asked_to_stop = 0;

// Works until SIGTERM, and returns how far it came.
long polite() {
  std::signal(SIGTERM, [](int) { asked_to_stop = 1; });
  long steps = 1;
  while (!asked_to_stop) ++steps;
  return steps;
}
//]

// Ignores every signal that can be ignored, and never ends.
long deaf() {
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, nullptr);
  for (;;) pause();
}

asio::awaitable<void> timeouts() {
  auto const executor = co_await asio::this_coro::executor;

  //[timeout
  auto const killed = co_await isolatte::async_fork(executor, deaf, {.timeout = 100ms});
  std::cout << "deaf: " << killed << '\n';
  //]

  //[grace
  // SIGTERM after half a second, and SIGKILL ten seconds later if that was not enough.
  auto const stopped =
      co_await isolatte::async_fork(executor, polite, {.timeout = 500ms, .grace = 10s});
  std::cout << "polite: " << stopped.how() << ", "
            << (stopped ? "with what it had" : "with nothing") << '\n';
  //]

  auto const insisted =
      co_await isolatte::async_fork(executor, deaf, {.timeout = 50ms, .grace = 50ms});
  std::cout << "deaf, given grace: " << insisted << '\n';
}

// The child itself says when it may be stopped, so that nothing here depends on time.
void cancellation(asio::io_context& context) {
  //[cancel
  asio::cancellation_signal cancel;
  isolatte::async_fork(
      context,
      [] {
        std::signal(SIGTERM, [](int) { asked_to_stop = 1; });
        std::cout << "ready" << std::endl;
        while (!asked_to_stop) usleep(1000);
        return 7;
      },
      {.out = isolatte::by_line{[&](std::string_view) {
         cancel.emit(asio::cancellation_type::partial);  // SIGTERM, and SIGKILL after the grace
       }},
       .grace = 1min},
      asio::bind_cancellation_slot(
          cancel.slot(), [](boost::system::error_code error, isolatte::outcome<int> result) {
            std::cout << "cancelled: " << error.message() << ", " << result.how()
                      << ", and its value was " << result.value_or(0) << '\n';
          }));
  context.run();
  //]
}

asio::awaitable<void> handle() {
  //[handle
  auto const executor = co_await asio::this_coro::executor;
  isolatte::child<long> child = isolatte::spawn_child(executor, deaf);
  child.suspend();
  child.resume();
  child.terminate();
  isolatte::outcome<long> const result = co_await child.async_wait();
  std::cout << "through a handle: " << result.how() << '\n';
  //]
}

}  // namespace

int main() {
  auto const rethrow = [](std::exception_ptr error) {
    if (error) std::rethrow_exception(error);
  };
  asio::io_context context;
  asio::co_spawn(context, timeouts(), rethrow);
  context.run();

  context.restart();
  cancellation(context);

  context.restart();
  asio::co_spawn(context, handle(), rethrow);
  context.run();
}
