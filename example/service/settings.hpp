// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_EXAMPLE_SERVICE_SETTINGS_HPP
#define ISOLATTE_EXAMPLE_SERVICE_SETTINGS_HPP

#include <boost/asio/ip/address.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace service {

struct settings {
  boost::asio::ip::address address;
  std::uint16_t port = 0;
  /// Names that a request may call this service by, besides localhost and its addresses.
  std::vector<std::string> hosts;

  std::size_t workers = 0;
  std::chrono::milliseconds timeout{0};
  /// Bytes of address space that a worker has; 0 for no limit.
  std::uint64_t memory = 0;
  /// Jobs that may wait, and those of one client.
  std::size_t queue = 0;
  std::size_t client_queue = 0;
  /// The time that jobs have to end when the service stops.
  std::chrono::milliseconds grace{0};

  std::size_t max_file = 0;
  std::size_t max_pattern = 0;
  /// Bytes that all uploads together may take while their jobs are not done, and those of one
  /// client.
  std::size_t max_uploads = 0;
  std::size_t client_uploads = 0;
  /// A body may take this long, and a second more for each such number of bytes.
  std::chrono::milliseconds patience{0};
  std::size_t slowest = 0;
  /// Jobs a second that one client may send, and in a burst.
  double rate = 0;
  double burst = 0;
  /// The same of all clients.
  double total_rate = 0;
  double total_burst = 0;
  std::size_t connections = 0;
  std::size_t client_connections = 0;
  std::size_t streams = 0;
  std::size_t client_streams = 0;
};

/// Reads the command line. `--help` prints what there is.
/// @return nothing if the program has no more to do
/// @throws std::exception if an argument is wrong
std::optional<settings> parse(int argc, char* argv[]);

}  // namespace service

#endif
