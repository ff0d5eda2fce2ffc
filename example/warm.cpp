// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// Checks the spelling of texts that are not trusted, each in a fresh sandboxed process, with a
// dictionary that takes long to load. Compares three ways: each process loads it, a fork server has
// loaded it, and the server has moved it into huge pages. `warm [WORDS [TEXTS]]`

#include <isolatte.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace asio = boost::asio;

namespace {

std::string word(std::uint64_t number) {
  std::string text;
  for (number = number * 0x9e3779b97f4a7c15U; number != 0; number /= 26)
    text += static_cast<char>('a' + number % 26);
  return text;
}

//[state
// Jobs reach it as they reach any global.
std::set<std::string>* dictionary = nullptr;

void load(std::uint64_t words) {
  dictionary = new std::set<std::string>;
  for (std::uint64_t i = 0; i != words; ++i) dictionary->insert(word(i));
}

int unknown_words(const std::string& text) {
  // Some texts break the code that reads them. That costs their process, and nothing else.
  if (text.find("%n") != text.npos) std::raise(SIGSEGV);
  std::istringstream words{text};
  int unknown = 0;
  for (std::string each; words >> each;)
    if (!dictionary->contains(each)) ++unknown;
  return unknown;
}
//]

int load_and_check(std::uint64_t words, const std::string& text) {
  load(words);
  return unknown_words(text);
}

// Makes a server whose children may compute and no more; with all rights where the kernel has no
// sandboxes.
isolatte::fork_server make_server(asio::io_context& context, isolatte::fork_server_options opts) {
  opts.sandbox = isolatte::sandbox::pure();
  try {
    return {context, opts};
  } catch (const boost::system::system_error& refused) {
    if (refused.code() != isolatte::error::sandbox_unsupported) throw;
    opts.sandbox.reset();
    return {context, opts};
  }
}

struct tally {
  int texts = 0;
  int unknown = 0;
  int harmful = 0;
};

// Checks the texts one after the other, and returns the median of the times that they took.
template <class MakeCall>
std::chrono::microseconds check(isolatte::fork_server& server, asio::io_context& context,
                                const std::vector<std::string>& texts, MakeCall make_call,
                                tally& sum) {
  using clock = std::chrono::steady_clock;
  std::vector<clock::duration> times;
  for (auto const& text : texts) {
    auto const begin = clock::now();
    server.async_fork(make_call(text),
                      [&](boost::system::error_code error, const isolatte::outcome<int>& found) {
                        times.push_back(clock::now() - begin);
                        if (error) throw boost::system::system_error{error};
                        ++sum.texts;
                        if (found)
                          sum.unknown += found.value();
                        else
                          ++sum.harmful;
                      });
    context.restart();
    context.run();
  }
  std::nth_element(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2),
                   times.end());
  return std::chrono::duration_cast<std::chrono::microseconds>(times[times.size() / 2]);
}

void print(const char* way, std::chrono::microseconds time, const tally& found) {
  std::cout << way << time.count() << " us a text (" << found.texts << " texts, " << found.unknown
            << " unknown words, " << found.harmful << " harmful texts)\n";
}

}  // namespace

int main(int count, char** arguments) try {
  std::uint64_t const words = count > 1 ? std::stoull(arguments[1]) : 500'000;
  std::size_t const number = count > 2 ? std::stoul(arguments[2]) : 100;
  constexpr std::size_t cold_texts = 3;
  if (number < cold_texts) throw std::invalid_argument{"at least three texts are needed"};
  std::vector<std::string> texts;
  for (std::size_t i = 0; i != number; ++i)
    texts.push_back(i == 1 ? "%n" : word(i) + " mispelt " + word(words / 2 + i));

  asio::io_context context;
  auto const check_one = [](const std::string& text) {
    return isolatte::call(unknown_words, text);
  };
  {
    auto server = make_server(context, {});
    tally sum;
    auto const few = std::vector<std::string>(texts.begin(), texts.begin() + cold_texts);
    auto const time = check(
        server, context, few,
        [words](const std::string& text) { return isolatte::call(load_and_check, words, text); },
        sum);
    print("cold:                    ", time, sum);
  }
  {
    auto server =
        make_server(context, {.preload = isolatte::call(load, words), .huge_pages = false});
    tally sum;
    print("preloaded:               ", check(server, context, texts, check_one, sum), sum);
  }
  {
    //[preload
    auto server = make_server(context, {.preload = isolatte::call(load, words)});
    //]
    tally sum;
    print("preloaded and collapsed: ", check(server, context, texts, check_one, sum), sum);
    std::cout << server.stats().huge_bytes / (1024 * 1024) << " MiB are in huge pages\n";
  }
} catch (const std::exception& error) {
  std::cerr << "warm: " << error.what() << '\n';
  return EXIT_FAILURE;
}
