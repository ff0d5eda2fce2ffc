// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_TEST_FARM_HOST_FIXTURE_HPP
#define ISOLATTE_TEST_FARM_HOST_FIXTURE_HPP

#include "farm/host_process.hpp"
#include "support/nats_server.hpp"
#include "support/nothing_left.hpp"

#include <isolatte.hpp>
#include <isolatte/nats.hpp>

#include <boost/asio.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <signal.h>

/// A farm and hosts, in this process and in others.
namespace host_fixture {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using host_process::lines;
using host_process::note;
using isolatte::call;
using isolatte::ending;
using isolatte::outcome;
using isolatte::ran;
using isolatte::nats::farm;
using isolatte::nats::farm_host;
using isolatte::nats::farm_job_options;
using isolatte::test::has_nats_server;
using isolatte::test::nats_server;
using isolatte::test::nothing_left;
using isolatte::test::scratch_folder;

/// A case that serves in another start of this program.
constexpr char host_case[] = "farm_hosts/serve_in_another_process";

/// So long that a busy machine loses no host.
constexpr std::chrono::milliseconds long_lease = 5min;
/// For tests in which a lease has to end.
constexpr std::chrono::milliseconds short_lease = 2s;

// Jobs

inline int twice(int n) { return 2 * n; }
inline int take(std::string log, int job, int milliseconds) {
  note(log, "begun", job);
  std::this_thread::sleep_for(std::chrono::milliseconds{milliseconds});
  note(log, "done", job);
  return job;
}
/// Lasts, unless another worker has begun it before.
inline int last_at_first(std::string log, int job) {
  note(log, "begun", job);
  auto const all = lines(log);
  auto const begun = std::ranges::count_if(
      all, [job](auto const& each) { return each.what == "begun" && each.job == job; });
  if (begun == 1) std::this_thread::sleep_for(1h);
  note(log, "done", job);
  return job;
}
inline int kill_host(std::string log, int job) {
  note(log, "begun", job);
  ::kill(host_process::this_host, SIGKILL);
  std::this_thread::sleep_for(1h);
  return job;
}
inline std::string large(std::size_t size) { return std::string(size, 'x'); }

struct result {
  boost::system::error_code ec;
  outcome<int> what;
};

/// An attempt to connect that is stopped ends a moment later, in a thread of its own.
class attempts_end : public nothing_left {
 public:
  ~attempts_end() {
    auto const deadline = std::chrono::steady_clock::now() + 10s;
    while (isolatte::test::open_descriptors().size() > before_ &&
           std::chrono::steady_clock::now() < deadline)
      std::this_thread::yield();
  }

 private:
  std::size_t const before_ = isolatte::test::open_descriptors().size();
};

/// A server, and a farm in this process.
struct world : attempts_end {
  explicit world(std::chrono::milliseconds of = long_lease, std::string configuration = {})
      : lease{of}, server{std::move(configuration)} {}

  std::chrono::milliseconds const lease;
  nats_server server;
  scratch_folder folder;
  std::string const log = (folder.path() / "log").string();
  asio::io_context context;
  std::optional<farm> jobs{std::in_place, context, options()};
  std::vector<std::unique_ptr<result>> results;
  std::size_t done = 0;

  ~world() {
    jobs.reset();
    context.run();
  }

  isolatte::nats::farm_options options() const {
    return host_process::farm_at(server.url(), lease);
  }
  std::unique_ptr<host_process::process> host(int workers = 2) const {
    return std::make_unique<host_process::process>(host_case, server.url(), lease, workers);
  }
  template <class Call>
  result& run(const Call& what, farm_job_options opts = {}, asio::cancellation_slot slot = {}) {
    auto& to = *results.emplace_back(std::make_unique<result>());
    jobs->async_run(what, opts,
                    asio::bind_cancellation_slot(
                        slot, [this, &to](boost::system::error_code ec, outcome<int> what) {
                          to.ec = ec;
                          to.what = std::move(what);
                          ++done;
                        }));
    return to;
  }
  /// Runs the loop until the condition holds. The timeout of ctest limits the wait.
  template <class Condition>
  void until(Condition condition) {
    while (!condition()) {
      if (context.stopped()) context.restart();
      context.run_one_for(10ms);
    }
  }
  void until_done() {
    until([this] { return done == results.size(); });
  }
  std::size_t count(std::string_view what) const {
    auto const all = lines(log);
    return static_cast<std::size_t>(std::ranges::count(all, what, &host_process::log_line::what));
  }
  /// Jobs that were begun more than once.
  std::size_t begun_again() const {
    std::multiset<int> begun;
    for (auto const& each : lines(log))
      if (each.what == "begun") begun.insert(each.job);
    std::set<int> const different(begun.begin(), begun.end());
    return begun.size() - different.size();
  }
  void check_all_returned() const {
    for (auto const& each : results)
      BOOST_TEST((!each->ec && each->what.has_value()), each->ec.message() << ": " << each->what);
  }
};

struct world_of_short_leases : world {
  world_of_short_leases() : world{short_lease} {}
};

/// A host in this process, too.
struct hosting : world {
  explicit hosting(std::chrono::milliseconds of = long_lease,
                   isolatte::pool_options workers = {.workers = 1})
      : world{of}, pool{context, std::move(workers)} {}

  isolatte::worker_pool pool;
  std::optional<farm_host> host{std::in_place, pool, options()};
  asio::cancellation_signal stop;
  int served = 0;
  boost::system::error_code ended_with;

  void serve() {
    host->async_serve(
        asio::bind_cancellation_slot(stop.slot(), [this](boost::system::error_code ec) {
          ++served;
          ended_with = ec;
        }));
  }
  ~hosting() {
    jobs.reset();
    host.reset();
    pool.stop();
    if (context.stopped()) context.restart();
    context.run();
  }
};

struct hosting_for_short_leases : hosting {
  hosting_for_short_leases() : hosting{short_lease} {}
};

/// A job of the program's own, which keeps the only worker.
struct local_job {
  explicit local_job(hosting& in) : world{in} {
    world.pool.async_run(
        call(take, (world.folder.path() / "local").string(), 0, 3'600'000),
        asio::bind_cancellation_slot(stop.slot(), [this](boost::system::error_code,
                                                         const outcome<int>&) { is_done = true; }));
    world.until([&] { return !lines((world.folder.path() / "local").string()).empty(); });
  }
  void end() {
    stop.emit(asio::cancellation_type::terminal);
    world.until([&] { return is_done; });
  }

  hosting& world;
  asio::cancellation_signal stop;
  bool is_done = false;
};

}  // namespace host_fixture

#endif
