// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_NATS_LINK_OPTIONS_HPP
#define ISOLATTE_LIB_NATS_LINK_OPTIONS_HPP

#include <isolatte/config.hpp>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace isolatte::inline v0_1::nats::link {

struct link_options {
  /// Tried one after the other. `tls://` asks for TLS, and so does any of the files below.
  std::vector<std::string> servers = {"nats://127.0.0.1:4222"};
  std::string user;
  std::string password;
  /// A user's JWT and seed.
  std::filesystem::path creds_file;
  std::filesystem::path ca;
  std::filesystem::path certificate;
  std::filesystem::path key;
  /// The server's certificate is not verified.
  bool insecure = false;
  /// Shown in the server's list of connections.
  std::string client_name = "isolatte";
  std::chrono::milliseconds connect_timeout{2000};
  /// The connection is down if the server has not answered `max_pings_out` pings in a row.
  std::chrono::milliseconds ping_interval{2000};
  int max_pings_out = 2;
  /// A write that the server does not take for so long ends the connection.
  std::chrono::milliseconds write_timeout{5000};
  /// Bytes that may wait to be written; beyond, publications are refused.
  std::size_t max_unsent = std::size_t{256} * 1024 * 1024;
};

}  // namespace isolatte::inline v0_1::nats::link

#endif
