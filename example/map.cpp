// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// Runs the same function for many elements, each in a child of its own, a few at a time. `map
// [LIMIT [CHILDREN]]` counts the primes below a limit. `map --words` reads words from standard
// input, and stops at the first bad one.

#include <isolatte.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

bool is_prime(long number) {
  if (number < 2) return false;
  for (long factor = 2; factor * factor <= number; ++factor)
    if (number % factor == 0) return false;
  return true;
}

long primes_between(long first, long last) {
  long count = 0;
  for (long number = first; number < last; ++number) count += is_prime(number);
  return count;
}

void show_progress(std::size_t done, std::size_t total) {
  std::string bar(total, '.');
  std::fill_n(bar.begin(), done, '#');
  std::cerr << '\r' << bar << (done == total ? "\n" : "") << std::flush;
}

//[map
asio::awaitable<void> count_primes(long limit, std::size_t children) {
  constexpr long size = 5000;
  auto const executor = co_await asio::this_coro::executor;
  std::vector<long> blocks;
  for (long first = 0; first < limit; first += size) blocks.push_back(first);
  auto operation = isolatte::async_map(
      executor, std::move(blocks),
      [=](long first) { return primes_between(first, std::min(first + size, limit)); },
      {.max_concurrency = children, .on_progress = show_progress, .child = {.timeout = 1min}});

  long sum = 0;
  for (auto const& block : co_await std::move(operation))
    if (block)
      sum += block.value();
    else
      std::cout << "a block is missing: " << block << '\n';
  std::cout << sum << " primes below " << limit << '\n';
}
//]

/// Returns the length of a word, but fails for words such as "abort".
int length_of(std::string_view word) {
  if (word == "abort") std::abort();
  if (word == "throw") throw std::invalid_argument("no word");
  return static_cast<int>(word.size());
}

//[stop
// The map reads a word when a child for it may start, and not before.
struct words_of {
  std::istream& in;
  auto begin() const { return std::istream_iterator<std::string>(in); }
  auto end() const { return std::default_sentinel; }
};

asio::awaitable<void> measure_words(std::istream& in) {
  auto const executor = co_await asio::this_coro::executor;
  auto operation = isolatte::async_map(executor, words_of{in}, length_of,
                                       {.max_concurrency = 2, .stop_on_error = true},
                                       asio::as_tuple(asio::deferred));
  auto const [error, words] = co_await std::move(operation);

  // The error stays empty: the map did as it was told, and the outcomes tell the rest.
  std::cout << words.size() << " words taken, error: " << error.message() << '\n';
  for (auto const& word : words)
    if (word)
      std::cout << word.value() << '\n';
    else
      std::cout << word << '\n';
}
//]

}  // namespace

int main(int count, char** arguments) {
  bool const words = count > 1 && std::string_view(arguments[1]) == "--words";
  long const limit = count > 1 ? std::atol(arguments[1]) : 100'000;
  auto const children = static_cast<std::size_t>(count > 2 ? std::atoi(arguments[2]) : 0);

  asio::io_context context;
  asio::co_spawn(context, words ? measure_words(std::cin) : count_primes(limit, children),
                 [](std::exception_ptr error) {
                   if (error) std::rethrow_exception(error);
                 });
  context.run();
}
