// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// Runs other programs: their arguments, their output, and their endings.

#include <isolatte.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <exception>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

//[captured
asio::awaitable<void> captured() {
  auto const executor = co_await asio::this_coro::executor;
  isolatte::program const sort{"sort", {"-r"}, isolatte::inherited_with({{"LC_ALL", "C"}})};
  isolatte::options const streams{.in = isolatte::from_text{"lungo\nristretto\nespresso\n"},
                                  .out = isolatte::capture{}};
  auto const sorted = co_await isolatte::async_execute(executor, sort, streams);
  if (sorted.success()) std::cout << "sorted:\n" << sorted.out_text();
}
//]

//[compiler
asio::awaitable<void> compiler(std::string source) {
  auto const executor = co_await asio::this_coro::executor;
  isolatte::program const check{"c++", {"-x", "c++", "-fsyntax-only", "-"}};
  isolatte::options const opts{
      .in = isolatte::from_text{source}, .err = isolatte::capture{}, .timeout = 1min};
  auto const [error, checked] =
      co_await isolatte::async_execute(executor, check, opts, asio::as_tuple(asio::use_awaitable));
  if (error)
    std::cout << "no compiler: " << error.message() << '\n';
  else if (checked.success())
    std::cout << "it compiles\n";
  else
    std::cout << "it does not compile: " << checked << '\n' << checked.err_text();
}
//]

//[endings
asio::awaitable<void> endings() {
  auto const executor = co_await asio::this_coro::executor;
  isolatte::options const opts{.limits = {.core_size = 0}};
  for (std::string const script : {"exit 3", "kill -SEGV $$"}) {
    isolatte::program const shell{"sh", {"-c", script}};
    auto const done = co_await isolatte::async_execute(executor, shell, opts);
    std::cout << script << ": " << done << '\n';
  }
  isolatte::program const tree{"sh", {"-c", "sleep 1000 & sleep 1000"}};
  isolatte::options const brief{.timeout = 100ms};
  auto const done = co_await isolatte::async_execute(executor, tree, brief);
  std::cout << "both sleepers: " << done << '\n';
}
//]

//[missing
asio::awaitable<void> missing() {
  auto const executor = co_await asio::this_coro::executor;
  isolatte::program const nothing{"no-such-program"};
  auto const [error, done] =
      co_await isolatte::async_execute(executor, nothing, asio::as_tuple(asio::use_awaitable));
  std::cout << error.message() << ", so " << done.how() << '\n';
}
//]

//[lines
asio::awaitable<int> command(std::vector<std::string> words) {
  auto const executor = co_await asio::this_coro::executor;
  auto const show = [](std::string_view line) { std::cout << "| " << line << std::endl; };
  isolatte::program const given{words.front(), {words.begin() + 1, words.end()}};
  isolatte::options const opts{.out = isolatte::by_line{show}, .err = isolatte::inherit};
  auto const done = co_await isolatte::async_execute(executor, given, opts);
  std::cout << done << '\n';
  co_return done.exit_code().value_or(1);
}
//]

asio::awaitable<int> all(std::vector<std::string> words) {
  if (!words.empty()) co_return co_await command(words);
  co_await captured();
  co_await compiler("int main() { return answer; }\n");
  co_await endings();
  co_await missing();
  co_return 0;
}

}  // namespace

int main(int count, char** arguments) {
  asio::io_context context;
  int code = 1;
  asio::co_spawn(context, all({arguments + 1, arguments + count}),
                 [&](std::exception_ptr error, int result) {
                   if (error) std::rethrow_exception(error);
                   code = result;
                 });
  context.run();
  return code;
}
