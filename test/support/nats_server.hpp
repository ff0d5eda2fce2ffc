// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_TEST_SUPPORT_NATS_SERVER_HPP
#define ISOLATTE_TEST_SUPPORT_NATS_SERVER_HPP

#include <isolatte/config.hpp>

#include <boost/test/tools/assertion_result.hpp>
#include <boost/test/tree/test_unit.hpp>

#include <filesystem>
#include <string>

namespace isolatte::inline v0_1::test {

/// A folder of its own, removed at the end.
class scratch_folder {
 public:
  scratch_folder();
  ~scratch_folder();
  scratch_folder(const scratch_folder&) = delete;
  scratch_folder& operator=(const scratch_folder&) = delete;
  const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
};

/// A `nats-server` with JetStream on a port of 127.0.0.1, with a store of its own. The server is
/// killed at the end, and when the thread that started it ends.
class nats_server {
 public:
  /// Starts the server, and returns when it is ready.
  /// @param more lines for its configuration: users, permissions, TLS
  explicit nats_server(std::string more = {});
  ~nats_server();
  nats_server(const nats_server&) = delete;
  nats_server& operator=(const nats_server&) = delete;

  int port() const noexcept { return port_; }
  std::string url() const { return "nats://127.0.0.1:" + std::to_string(port_); }
  /// For certificates, which need a name.
  std::string tls_url() const { return "tls://localhost:" + std::to_string(port_); }
  int pid() const noexcept { return pid_; }
  std::string log() const;

  /// Kills the server, if it runs.
  void kill();
  /// Starts the server again, with the same port and store, and the configuration that is set.
  void start();
  void set_configuration(std::string more) { more_ = std::move(more); }
  /// @pre the server does not run
  void delete_store();
  /// Stops the process by SIGSTOP: connections stay open, and nothing is answered.
  void pause();
  void resume();

 private:
  void write_configuration() const;
  bool find_port();

  scratch_folder folder_;
  std::string more_;
  int port_ = -1;
  int pid_ = -1;
};

/// Makes `ca.pem`, `server.pem`, `server.key`, `client.pem`, `client.key` and `other-ca.pem` in the
/// folder, with the program `openssl`. The server's name is `localhost`.
void make_certificates(const std::filesystem::path& folder);

/// A precondition of tests: nats-server can be found.
boost::test_tools::assertion_result has_nats_server(boost::unit_test::test_unit_id);
/// ... and so can openssl.
boost::test_tools::assertion_result has_nats_server_and_openssl(boost::unit_test::test_unit_id);

}  // namespace isolatte::inline v0_1::test

#endif
