// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "settings.hpp"

#include <charconv>
#include <cstdlib>
#include <iostream>
#include <random>
#include <string_view>
#include <system_error>

namespace soak {

namespace {

[[noreturn]] void refuse(std::string_view why) {
  std::cerr << why << "\n"
            << "usage: soak [SECONDS] [--seed N] [--threads N] [--jobs N] [--in-flight N]\n"
               "            [--round N] [--only-round N] [--only I] [--verbose]\n";
  std::exit(2);
}

std::uint64_t number_in(std::string_view text) {
  std::uint64_t number = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size())
    refuse("not a number: " + std::string{text});
  return number;
}

std::uint64_t positive_in(std::string_view text) {
  std::uint64_t const number = number_in(text);
  if (number == 0) refuse("a number above 0, please");
  return number;
}

}  // namespace

settings read_settings(int argc, char* argv[]) {
  settings read;
  read.seed = std::random_device{}();
  for (int i = 1; i != argc; ++i) {
    std::string_view const argument = argv[i];
    auto const value = [&]() -> std::string_view {
      if (i + 1 == argc) refuse(std::string{argument} + " needs a number");
      return argv[++i];
    };
    if (argument == "--seed")
      read.seed = number_in(value());
    else if (argument == "--threads")
      read.threads = positive_in(value());
    else if (argument == "--jobs")
      read.jobs = positive_in(value());
    else if (argument == "--in-flight")
      read.in_flight = positive_in(value());
    else if (argument == "--round")
      read.round = positive_in(value());
    else if (argument == "--only-round")
      read.only_round = number_in(value());
    else if (argument == "--only")
      read.only = number_in(value());
    else if (argument == "--verbose")
      read.verbose = true;
    else if (argument.starts_with("-"))
      refuse("unknown: " + std::string{argument});
    else
      read.time = std::chrono::seconds{positive_in(argument)};
  }
  bool const has_end = read.time || read.jobs != settings{}.jobs || read.only || read.only_round;
  if (!has_end) read.time = std::chrono::minutes{1};
  return read;
}

std::string repeating(const settings& wanted) {
  return "--seed " + std::to_string(wanted.seed) + " --threads " + std::to_string(wanted.threads) +
         " --in-flight " + std::to_string(wanted.in_flight) + " --round " +
         std::to_string(wanted.round);
}

}  // namespace soak
