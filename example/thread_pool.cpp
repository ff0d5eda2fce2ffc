// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// Jobs of a thread pool do their safe part there, and their risky part in a child. `thread_pool
// [JOBS [THREADS]]`

#include <isolatte.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>

#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <exception>
#include <future>
#include <iostream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

//[job
/// Reads numbers from a text, and checks nothing.
std::vector<int> parse(const std::string& text) {
  std::vector<int> numbers;
  for (std::istringstream words{text}; !words.eof();) {
    std::string word;
    words >> word;
    if (word == "!") std::abort();
    numbers.push_back(std::stoi(word));
  }
  return numbers;
}

/// Runs on a thread of the pool; parse() runs in a child.
asio::awaitable<isolatte::outcome<std::vector<int>>> job(isolatte::fork_server& server,
                                                         std::string text) {
  auto parsing = server.async_fork(isolatte::call(parse, text), {.timeout = 10s});
  isolatte::outcome<std::vector<int>> result = co_await std::move(parsing);
  co_return result;
}
//]

std::string text_of(std::size_t number) {
  if (number % 7 == 3) return "1 2 !";
  if (number % 7 == 5) return "one";
  return std::to_string(number) + " " + std::to_string(number * number);
}

}  // namespace

int main(int count, char** arguments) {
  auto const jobs = static_cast<std::size_t>(count > 1 ? std::atol(arguments[1]) : 21);
  auto const threads = static_cast<std::size_t>(count > 2 ? std::atol(arguments[2]) : 4);

  //[pool
  asio::thread_pool pool{threads};
  isolatte::fork_server server{pool};  // its threads are still idle

  std::vector<std::future<isolatte::outcome<std::vector<int>>>> results;
  for (std::size_t i = 0; i != jobs; ++i)
    results.push_back(asio::co_spawn(pool, job(server, text_of(i)), asio::use_future));
  //]

  std::map<isolatte::ending, int> endings;
  for (std::size_t i = 0; i != jobs; ++i) {
    auto const result = results[i].get();
    ++endings[result.how()];
    std::cout << i << ':';
    if (result)
      for (int const number : result.value()) std::cout << ' ' << number;
    else
      std::cout << ' ' << result;
    std::cout << '\n';
  }
  for (auto const& [ending, times] : endings) std::cout << times << ' ' << ending << '\n';
}
