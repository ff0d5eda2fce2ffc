// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include <isolatte.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/system/error_code.hpp>

#include <iostream>
#include <stdexcept>
#include <string>

/// Needs what only async_execute needs of Boost.Process.
bool runs_a_program() {
  boost::asio::io_context context;
  int code = -1;
  isolatte::async_execute(context, {.executable = "/bin/sh", .args = {"-c", "exit 7"}},
                          [&](boost::system::error_code, const isolatte::outcome<void>& end) {
                            code = end.exit_code().value_or(-1);
                          });
  context.run();
  return code == 7;
}

int main() {
  const auto answer = isolatte::fork([] { return std::string("from a child"); });
  const auto error = isolatte::fork([] { throw std::out_of_range("far away"); });
  std::cout << answer << '\n' << error << '\n';
  try {
    error.value();
  } catch (const std::out_of_range& e) {
    return runs_a_program() && answer.value() == "from a child" &&
                   e.what() == std::string("far away")
               ? 0
               : 1;
  }
  return 1;
}
