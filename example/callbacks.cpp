// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// Callbacks in the manner of the Ruby gem IsoLatte: one for each ending. `callbacks WHAT [FILE]`
// does something crazy in a child, whose standard error goes to FILE.

#include <isolatte.hpp>

#include <boost/asio/io_context.hpp>

#include <csignal>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <iostream>
#include <stdexcept>
#include <string>

namespace {

std::string what = "return";

void do_something_crazy() {
  std::cerr << "about to " << what << '\n';
  if (what == "throw") throw std::runtime_error("it is full of stars");
  if (what == "exit") std::exit(7);
  if (what == "exit-0") std::exit(0);
  if (what == "abort") std::abort();
  if (what == "kill") std::raise(SIGKILL);
}

void complex_example(const std::filesystem::path& file) {
  using isolatte::to_file;
  using std::cerr;
  //[complex
  isolatte::fork(
      do_something_crazy, {.err = to_file{file}},
      {.success = [] { cerr << "Was successful\n"; },
       .exit = [](int code) { cerr << "subprocess exited explicitly with " << code << '\n'; },
       .fault = [](int signal) { cerr << "Received signal " << signal << ", a fault\n"; },
       .kill = [] { cerr << "Received a SIGKILL\n"; },
       .finish = [](bool ok, int) { cerr << "Finished. Success? " << ok << '\n'; }});
  //]
}

void asynchronous_example() {
  using std::cerr;
  //[asynchronous
  boost::asio::io_context context;
  isolatte::async_fork(
      context, [] { return 6 * 7; }, {},
      isolatte::callbacks<int>{
          .success = [](int value) { cerr << "Awaited " << value << '\n'; },
          .error = [](std::exception_ptr) { cerr << "It threw\n"; },
          .finish = [](bool ok, int) { cerr << "Finished in the loop. Success? " << ok << '\n'; }});
  context.run();
  //]
}

}  // namespace

int main(int count, char** arguments) {
  if (count > 1) what = arguments[1];
  std::cerr << std::boolalpha;
  try {
    complex_example(count > 2 ? arguments[2] : "/dev/null");
    asynchronous_example();
  } catch (const std::runtime_error& error) {
    // No `error` callback was given, so fork() rethrew the exception of the callable.
    std::cerr << "Raised: " << error.what() << '\n';
  }
}
