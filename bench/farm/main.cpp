// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// usage: isolatte_bench_farm [WORKERS]
// Compares a farm of two hosts on this machine with a local pool of as many workers: jobs a second,
// and the processor time a job of the submitter and of the hosts. Workers and server do not count.
// Starts a nats-server of its own.

#include "by_hand.hpp"

#include <isolatte/call.hpp>
#include <isolatte/nats.hpp>
#include <isolatte/worker_pool.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/system/error_code.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;

[[noreturn]] void fail(const char* what) {
  throw std::system_error{errno, std::generic_category(), what};
}

std::int64_t thread_time() {
  timespec time{};
  if (::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time) == -1) std::abort();
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

struct work {
  int microseconds = 0;
  /// The processor is free meanwhile, as it is on a machine that has enough of them.
  bool is_asleep = false;
};

int perform(work what) {
  if (what.is_asleep) {
    std::this_thread::sleep_for(std::chrono::microseconds{what.microseconds});
  } else {
    std::int64_t const end = thread_time() + std::int64_t{1000} * what.microseconds;
    while (what.microseconds != 0 && thread_time() < end) {
    }
  }
  return what.microseconds;
}

double own_time() {
  timespec time{};
  if (::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == -1) fail("clock_gettime");
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
}

/// The processor time of another process in microseconds.
double time_of(pid_t pid) {
  clockid_t clock{};
  timespec time{};
  if (::clock_getcpuclockid(pid, &clock) != 0 || ::clock_gettime(clock, &time) == -1)
    fail("clock_getcpuclockid");
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
}

/// A process of this program or another one, which is killed at the end.
class process {
 public:
  explicit process(const std::vector<std::string>& arguments, const std::string& log) {
    std::vector<char*> words;
    for (auto const& each : arguments) words.push_back(const_cast<char*>(each.c_str()));
    words.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ == -1) fail("fork");
    if (pid_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    int const out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (out == -1 || ::dup2(out, 1) == -1 || ::dup2(out, 2) == -1) ::_exit(127);
    ::execvp(words[0], words.data());
    ::_exit(127);
  }
  process(const process&) = delete;
  process& operator=(const process&) = delete;
  ~process() {
    ::kill(pid_, SIGKILL);
    while (::waitpid(pid_, nullptr, 0) == -1 && errno == EINTR) {
    }
  }
  pid_t pid() const { return pid_; }
  bool has_ended() const {
    siginfo_t info{};
    return ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid != 0;
  }

 private:
  pid_t pid_ = -1;
};

class scratch {
 public:
  scratch() {
    std::string name = (fs::temp_directory_path() / "isolatte-bench-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) fail("mkdtemp");
    path_ = name;
  }
  scratch(const scratch&) = delete;
  scratch& operator=(const scratch&) = delete;
  ~scratch() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

/// Waits until the server has written its address: {"nats":["nats://127.0.0.1:4222"]}
std::string url_of(const process& server, const fs::path& folder) {
  auto const file = folder / ("nats-server_" + std::to_string(server.pid()) + ".ports");
  while (!server.has_ended()) {
    std::ifstream in{file};
    std::string const text{std::istreambuf_iterator<char>{in}, {}};
    auto const begin = text.find("nats://");
    if (text.find('}') != text.npos && begin != text.npos)
      return text.substr(begin, text.find('"', begin) - begin);
    std::this_thread::sleep_for(5ms);
  }
  throw std::runtime_error{"nats-server cannot be started"};
}

int port_of(const std::string& url) { return std::stoi(url.substr(url.rfind(':') + 1)); }

int serve(const std::string& url, std::size_t workers) {
  asio::io_context context{1};
  isolatte::worker_pool pool{context, {.workers = workers}};
  isolatte::nats::farm_host host{pool, {.servers = {url}}};
  host.async_serve([](boost::system::error_code) {});
  context.run();
  return 1;
}

struct figures {
  double rate = 0;
  double submitter = 0;
  double hosts = 0;
};

/// Runs a number of jobs, so many of them at once.
template <class Pool>
figures measure(asio::io_context& context, Pool& pool, work each, int jobs, int at_once,
                const std::vector<pid_t>& hosts) {
  auto const call = isolatte::call(
      [](int microseconds, bool is_asleep) { return perform({microseconds, is_asleep}); },
      int{each.microseconds}, bool{each.is_asleep});
  int to_start = 0;
  int to_end = 0;
  std::function<void()> const next = [&] {
    if (to_start-- <= 0) return;
    pool.async_run(call, [&](boost::system::error_code error, isolatte::outcome<int> what) {
      if (error || !what) throw std::runtime_error{"a job failed: " + error.message()};
      next();
      if (--to_end == 0) context.stop();
    });
  };
  auto const run = [&](int count) {
    to_start = to_end = count;
    for (int i = 0; i != at_once; ++i) next();
    context.run();
    context.restart();
  };
  run(std::max(jobs / 10, std::min(jobs, 4)));
  auto const time_of_hosts = [&] {
    double sum = 0;
    for (pid_t const each : hosts) sum += time_of(each);
    return sum;
  };
  double const own = own_time();
  double const theirs = time_of_hosts();
  auto const start = clock_type::now();
  run(jobs);
  std::chrono::duration<double> const time = clock_type::now() - start;
  return {jobs / time.count(), (own_time() - own) / jobs, (time_of_hosts() - theirs) / jobs};
}

struct load {
  const char* name;
  work each;
  int jobs;
  int at_once;
};

constexpr load loads[] = {{"empty", {}, 100'000, 2048},
                          {"1 ms", {1000}, 5'000, 512},
                          {"1 ms asleep", {1000, true}, 5'000, 512},
                          {"10 ms", {10'000}, 1'000, 128},
                          {"10 ms asleep", {10'000, true}, 1'000, 128},
                          {"empty, one at a time", {}, 3'000, 1}};

int compare(std::size_t workers) {
  scratch const folder;
  std::ofstream{folder.path() / "conf"} << "host: 127.0.0.1\nport: -1\nports_file_dir: \""
                                        << folder.path().string() << "\"\njetstream { store_dir: \""
                                        << (folder.path() / "store").string() << "\" }\n";
  std::vector<figures> local;
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  {
    asio::io_context context{1};
    isolatte::worker_pool pool{context, {.workers = workers}};
    for (auto const& each : loads)
      local.push_back(measure(context, pool, each.each, each.jobs, each.at_once, {}));
  }
  auto const log = (folder.path() / "log").string();
  process const server{{"nats-server", "-c", (folder.path() / "conf").string()}, log};
  std::string const url = url_of(server, folder.path());
  std::string const half = std::to_string((workers + 1) / 2);
  process const alpha{{"/proc/self/exe", "--host", url, half}, log};
  process const beta{{"/proc/self/exe", "--host", url, half}, log};
  asio::io_context context{1};
  isolatte::nats::farm farm{context, {.servers = {url}}};
  std::printf("%-22s %12s %12s %7s %12s %12s %12s\n", "", "pool jobs/s", "farm jobs/s", "ratio",
              "pool us/job", "farm us/job", "hosts us/job");
  figures last;
  for (std::size_t i = 0; i != std::size(loads); ++i) {
    auto const& each = loads[i];
    auto const far =
        measure(context, farm, each.each, each.jobs, each.at_once, {alpha.pid(), beta.pid()});
    std::printf("%-22s %12.0f %12.0f %7.2f %12.1f %12.1f %12.1f\n", each.name, local[i].rate,
                far.rate, far.rate / local[i].rate, local[i].submitter, far.submitter, far.hosts);
    std::fflush(stdout);
    last = far;
  }
  double const farm_time = 1e6 / last.rate;
  double const hand_time = by_hand::exchange_one_at_a_time(port_of(url), 3'000);
  std::printf("one at a time: %.0f us, by hand %.0f us, ratio %.2f\n", farm_time, hand_time,
              farm_time / hand_time);
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  try {
    if (count == 4 && std::string{arguments[1]} == "--host")
      return serve(arguments[2], std::strtoul(arguments[3], nullptr, 10));
    return compare(count > 1 ? std::strtoul(arguments[1], nullptr, 10) : 2);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "isolatte_bench_farm: %s\n", error.what());
    return 1;
  }
}
