// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "settings.hpp"

#include <boost/program_options.hpp>

#include <algorithm>
#include <iostream>
#include <string>
#include <thread>

namespace census {

namespace {

namespace po = boost::program_options;

// A sanitizer reserves terabytes of address space before main(), so no limit would be met.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool address_space_can_be_limited = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool address_space_can_be_limited = false;
#else
constexpr bool address_space_can_be_limited = true;
#endif
#else
constexpr bool address_space_can_be_limited = true;
#endif

/// Reads the number of an option, and checks that it is between two others.
std::uint64_t number(const po::variables_map& given, const std::string& option, std::int64_t least,
                     std::int64_t most) {
  auto const value = given[option].as<std::int64_t>();
  if (value < least || value > most)
    throw po::error{"--" + option + " takes a number from " + std::to_string(least) + " to " +
                    std::to_string(most) + ", not " + std::to_string(value)};
  return static_cast<std::uint64_t>(value);
}

}  // namespace

std::optional<settings> parse(int argc, char* argv[]) {
  auto const processors = std::max(1U, std::thread::hardware_concurrency());
  auto const a_number = [](std::int64_t otherwise) {
    return po::value<std::int64_t>()->default_value(otherwise)->value_name("N");
  };
  po::options_description options{"Options"};
  // clang-format off
  options.add_options()
    ("directory", po::value<std::string>()->default_value("/usr/bin")->value_name("DIR"),
     "whose programs to read")
    ("jobs", a_number(processors), "how many children at a time")
    ("timeout", a_number(500), "milliseconds that each child has")
    ("memory", a_number(512), "MiB of address space that each child has; 0 for no limit")
    ("damaged", a_number(24), "of how many programs to read damaged copies, too")
    ("pool", "do it once more on warm workers, and compare")
    ("json", po::value<std::string>()->value_name("FILE"), "write all that was found there, too")
    ("help", "print this");
  // clang-format on

  po::variables_map given;
  po::store(po::command_line_parser(argc, argv)
                .options(options)
                .positional(po::positional_options_description{})
                .run(),
            given);
  po::notify(given);
  if (given.contains("help")) {
    std::cout
        << "usage: census [OPTION...]\n"
           "Reads every ELF program of a directory, and damaged copies of some, with a reader\n"
           "that trusts them; each in a child process of its own, so that what they do to the\n"
           "reader is a line in a table and not the end of this program.\n\n"
        << options;
    return std::nullopt;
  }

  settings result;
  result.directory = given["directory"].as<std::string>();
  result.jobs = number(given, "jobs", 1, 1000);
  result.timeout = std::chrono::milliseconds{number(given, "timeout", 1, 3'600'000)};
  std::uint64_t const mebibytes = number(given, "memory", 0, 1 << 20);
  if (mebibytes != 0 && address_space_can_be_limited) result.memory = mebibytes << 20;
  result.memory_ignored = mebibytes != 0 && !address_space_can_be_limited;
  result.damaged = number(given, "damaged", 0, 1'000'000);
  result.compare_pool = given.contains("pool");
  if (given.contains("json")) result.json = given["json"].as<std::string>();
  return result;
}

}  // namespace census
