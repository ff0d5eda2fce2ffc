// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include <isolatte/nats.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/system/system_error.hpp>

#include <cstdlib>
#include <iostream>

/// Stops a farm without a server. A farm on a strange server is refused.
int main() {
  boost::asio::io_context context;
  isolatte::nats::farm farm{context, {.servers = {"nats://127.0.0.1:1"}}};
  bool is_stopped = false;
  farm.async_run(isolatte::call([](int i) { return i; }, 1),
                 [&](boost::system::error_code error, isolatte::outcome<int> what) {
                   is_stopped = error && what.how() == isolatte::ending::not_started;
                 });
  farm.stop();
  context.run();
  try {
    isolatte::nats::farm const strange{context, {.servers = {"nats://192.0.2.1:4222"}}};
  } catch (const boost::system::system_error& error) {
    std::cout << "farm: " << error.what() << '\n';
    return is_stopped ? EXIT_SUCCESS : EXIT_FAILURE;
  }
  return EXIT_FAILURE;
}
