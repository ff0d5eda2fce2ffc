// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_TEST_FARM_HOST_PROCESS_HPP
#define ISOLATTE_TEST_FARM_HOST_PROCESS_HPP

#include <isolatte/error.hpp>
#include <isolatte/nats.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>
#include <vector>

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/// Hosts in processes of their own: this program, executed anew.
namespace host_process {

using namespace std::chrono_literals;
namespace asio = boost::asio;
namespace fs = std::filesystem;

constexpr char url_variable[] = "ISOLATTE_TEST_FARM_URL";
constexpr char lease_variable[] = "ISOLATTE_TEST_FARM_LEASE";
constexpr char workers_variable[] = "ISOLATTE_TEST_FARM_WORKERS";

/// In a host and its workers, the number of the host's process.
inline int this_host = 0;

inline isolatte::nats::farm_options farm_at(const std::string& url,
                                            std::chrono::milliseconds lease = 2s) {
  return {.servers = {url}, .lease = lease};
}

/// No other program listens in a network of a test.
inline bool is_of_a_test(const std::string& url) { return url.starts_with("nats://10.77."); }

/// Serves until SIGTERM comes.
/// @return what the program is to exit with
inline int serve() {
  this_host = ::getpid();
  asio::io_context context;
  asio::cancellation_signal stop;
  asio::signal_set terms{context, SIGTERM};
  isolatte::worker_pool pool{
      context, {.workers = static_cast<std::size_t>(std::atoi(std::getenv(workers_variable)))}};
  auto options = farm_at(std::getenv(url_variable),
                         std::chrono::milliseconds{std::atoi(std::getenv(lease_variable))});
  options.insecure = is_of_a_test(options.servers.front());
  isolatte::nats::farm_host host{pool, options};
  bool is_done = false;
  terms.async_wait([&](boost::system::error_code ec, int) {
    if (!ec) stop.emit(asio::cancellation_type::total);
  });
  host.async_serve(asio::bind_cancellation_slot(stop.slot(), [&](boost::system::error_code ec) {
    is_done = ec == asio::error::operation_aborted;
    terms.cancel();
    pool.stop();
  }));
  context.run();
  return is_done ? 0 : 1;
}

/// A host in a process of its own, which is killed at the end.
class process {
 public:
  /// @param test the case that calls serve()
  process(const std::string& test, const std::string& url, std::chrono::milliseconds lease = 2s,
          int workers = 2) {
    std::string const run = "--run_test=" + test;
    std::vector<std::string> variables = {url_variable + ("=" + url),
                                          lease_variable + ("=" + std::to_string(lease.count())),
                                          workers_variable + ("=" + std::to_string(workers))};
    std::vector<char*> environment;
    for (auto& each : variables) environment.push_back(each.data());
    for (char** each = environ; *each != nullptr; ++each) environment.push_back(*each);
    environment.push_back(nullptr);
    const char* const arguments[] = {"/proc/self/exe", run.c_str(), "--log_level=nothing",
                                     "--report_level=no", nullptr};
    int const parent = ::getpid();
    pid_ = ::fork();
    if (pid_ == -1) throw std::system_error{errno, std::generic_category(), "fork"};
    if (pid_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(127);
    for (int fd = 3; fd != 1024; ++fd) ::close(fd);
    ::execve(arguments[0], const_cast<char**>(arguments), environment.data());
    ::_exit(127);
  }
  ~process() {
    signal(SIGKILL);
    wait();
  }
  process(const process&) = delete;
  process& operator=(const process&) = delete;

  int pid() const noexcept { return pid_; }
  void signal(int number) const noexcept {
    if (!ended_) ::kill(pid_, number);
  }
  /// @return what waitpid() gives
  int wait() noexcept {
    while (!ended_ && ::waitpid(pid_, &status_, 0) == -1 && errno == EINTR) {
    }
    ended_ = true;
    return status_;
  }
  bool has_ended() noexcept {
    if (!ended_) ended_ = ::waitpid(pid_, &status_, WNOHANG) == pid_;
    return ended_;
  }

 private:
  int pid_ = -1;
  int status_ = 0;
  bool ended_ = false;
};

/// The answer that says that the server has a job may come after the end of the farm.
inline bool is_given_up(const boost::system::error_code& ec) {
  return ec == asio::error::operation_aborted || ec == isolatte::error::no_server;
}

/// A line for each job that begins or ends, written by the workers of all hosts.
struct log_line {
  std::string what;
  int job = 0;
  int worker = 0;
  int host = 0;
};

inline void note(const std::string& file, const char* what, int job) {
  std::ofstream log{file, std::ios::app};
  log << (std::string{what} + ' ' + std::to_string(job) + ' ' + std::to_string(::getpid()) + ' ' +
          std::to_string(this_host) + '\n')
      << std::flush;
}

inline std::vector<log_line> lines(const std::string& file) {
  std::ifstream log{file};
  std::vector<log_line> all;
  for (log_line each; log >> each.what >> each.job >> each.worker >> each.host;)
    all.push_back(each);
  return all;
}

}  // namespace host_process

#endif
