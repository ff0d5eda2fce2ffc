// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "settings.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/program_options.hpp>
#include <boost/system/error_code.hpp>

#include <algorithm>
#include <iostream>
#include <stdexcept>
#include <thread>

namespace service {

namespace {

namespace po = boost::program_options;

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
  auto const a_number = [](std::int64_t otherwise) {
    return po::value<std::int64_t>()->default_value(otherwise)->value_name("N");
  };
  auto const processors = std::clamp(std::thread::hardware_concurrency(), 2U, 16U);
  po::options_description options{"Options"};
  // clang-format off
  options.add_options()
    ("address", po::value<std::string>()->default_value("127.0.0.1")->value_name("IP"),
     "where to listen; other addresses than the default let strangers in, 0.0.0.0 and :: all")
    ("port", a_number(8080), "where to listen; 0 for any free port")
    ("host", po::value<std::vector<std::string>>()->default_value({}, "")->value_name("NAME"),
     "a name that browsers may call the service by, besides localhost and its addresses")
    ("workers", a_number(processors), "how many jobs run at once")
    ("timeout", a_number(2000), "milliseconds that each job has")
    ("memory", a_number(256), "MiB of address space that each job has; 0 for no limit")
    ("queue", a_number(64), "how many jobs may wait")
    ("client-queue", a_number(16), "how many jobs of one client may wait")
    ("grace", a_number(5000), "milliseconds that jobs have to end after SIGTERM or SIGINT")
    ("max-file", a_number(8192), "KiB of the largest file")
    ("max-uploads", a_number(64), "MiB of all files whose jobs are not done")
    ("client-uploads", a_number(16), "MiB of such files of one client")
    ("patience", a_number(10'000), "milliseconds that an upload may take, whatever its size")
    ("slowest", a_number(16), "KiB of an upload that give it one more second")
    ("rate", a_number(5), "jobs a second for one client, after a burst")
    ("burst", a_number(40), "jobs in such a burst")
    ("total-rate", a_number(50), "jobs a second for all clients, after a burst")
    ("total-burst", a_number(200), "jobs in such a burst")
    ("connections", a_number(256), "connections of all clients")
    ("client-connections", a_number(32), "connections of one client")
    ("streams", a_number(128), "pages that watch at once")
    ("client-streams", a_number(16), "pages of one client that watch at once")
    ("help", "print this");
  // clang-format on
  po::variables_map given;
  // No positional ones.
  po::store(po::command_line_parser(argc, argv)
                .options(options)
                .positional(po::positional_options_description{})
                .run(),
            given);
  po::notify(given);
  if (given.count("help") != 0) {
    std::cout << "usage: service [OPTION...]\n"
                 "Examines files that people send, in sandboxed workers, and shows how that ends.\n"
              << options;
    return std::nullopt;
  }
  constexpr std::int64_t many = 1'000'000;
  settings made;
  auto const& address = given["address"].as<std::string>();
  boost::system::error_code error;
  made.address = boost::asio::ip::make_address(address, error);
  if (error) throw po::error{"--address takes the number of an address, not " + address};
  made.port = static_cast<std::uint16_t>(number(given, "port", 0, 65535));
  made.hosts = given["host"].as<std::vector<std::string>>();
  for (auto const& host : made.hosts)
    if (host.empty() || host.find_first_of("/:") != host.npos)
      throw po::error{"--host takes a name without scheme and port, not " + host};
  made.workers = number(given, "workers", 1, 256);
  made.timeout = std::chrono::milliseconds{number(given, "timeout", 1, many)};
  made.memory = number(given, "memory", 0, many) << 20;
  made.queue = number(given, "queue", 1, many);
  made.client_queue = number(given, "client-queue", 1, many);
  made.grace = std::chrono::milliseconds{number(given, "grace", 0, many)};
  made.max_file = number(given, "max-file", 1, 1 << 20) << 10;
  made.max_pattern = std::size_t{64} << 10;
  auto const file = static_cast<std::int64_t>((made.max_file + (1 << 20) - 1) >> 20);
  made.max_uploads = number(given, "max-uploads", file, many) << 20;
  made.client_uploads = number(given, "client-uploads", file, many) << 20;
  made.patience = std::chrono::milliseconds{number(given, "patience", 1, many)};
  made.slowest = number(given, "slowest", 1, many) << 10;
  made.rate = static_cast<double>(number(given, "rate", 1, many));
  made.burst = static_cast<double>(number(given, "burst", 1, many));
  made.total_rate = static_cast<double>(number(given, "total-rate", 1, many));
  made.total_burst = static_cast<double>(number(given, "total-burst", 1, many));
  made.connections = number(given, "connections", 1, many);
  made.client_connections = number(given, "client-connections", 1, many);
  made.streams = number(given, "streams", 1, many);
  made.client_streams = number(given, "client-streams", 1, many);
  return made;
}

}  // namespace service
