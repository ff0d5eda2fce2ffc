// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// The streams of a child: a line callback as a progress display, a text to read, output to keep.

#include <isolatte.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>

#include <cctype>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <string_view>
#include <utility>

namespace asio = boost::asio;

namespace {

//[progress
int work() {
  int done = 0;
  for (; done != 5; ++done) std::cout << done * 20 << "%" << std::endl;
  std::cout << "100%";  // no newline; the callback gets it all the same
  return done;
}

asio::awaitable<void> progress() {
  auto const executor = co_await asio::this_coro::executor;
  auto const show = [](std::string_view line) { std::cout << "progress: " << line << std::endl; };
  auto job = isolatte::async_fork(executor, work, {.out = isolatte::by_line{show}});
  auto const result = co_await std::move(job);
  std::cout << "done " << result.value() << '\n';
}
//]

asio::awaitable<void> text_in_text_out() {
  auto const executor = co_await asio::this_coro::executor;
  //[capture
  auto const shout = [] {
    for (char c; std::cin.get(c);) std::cout.put(static_cast<char>(std::toupper(c)));
    std::cerr << "It was loud.\n";
  };
  auto job = isolatte::async_fork(executor, shout,
                                  {.in = isolatte::from_text{"good morning\n"},
                                   .out = isolatte::capture{},
                                   .err = isolatte::capture{.limit = 6}});
  auto const result = co_await std::move(job);
  std::cout << "captured: " << result.out_text();
  std::cout << "the end of it: " << result.err_text();
  if (result.err_truncated()) std::cout << "(its beginning was dropped)\n";
  //]
}

asio::awaitable<void> files(std::filesystem::path folder) {
  auto const executor = co_await asio::this_coro::executor;
  //[files
  isolatte::options const logged{.err = isolatte::to_file{.path = folder / "log", .append = true}};
  for (std::string const name : {"first", "second"}) {
    auto const done =
        co_await isolatte::async_fork(executor, [&] { std::cerr << name << " job\n"; }, logged);
    if (!done) std::cerr << name << ": " << done << '\n';
  }
  //]
  std::cout << "logged: " << std::ifstream{folder / "log"}.rdbuf();
}

asio::awaitable<void> all(std::filesystem::path folder) {
  co_await progress();
  co_await text_in_text_out();
  if (!folder.empty()) co_await files(folder);
}

}  // namespace

int main(int count, char** arguments) {
  asio::io_context context;
  asio::co_spawn(context, all(count > 1 ? arguments[1] : ""), [](std::exception_ptr error) {
    if (error) std::rethrow_exception(error);
  });
  context.run();
}
