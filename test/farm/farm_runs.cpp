// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "farm/farm_fixture.hpp"
#include "farm/host_process.hpp"
#include "support/nothing_left.hpp"

#include <isolatte.hpp>
#include <isolatte/nats.hpp>

#include <boost/asio.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <memory>
#include <numeric>
#include <optional>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <dirent.h>
#include <unistd.h>

/// Jobs of a farm on hosts in other processes.
namespace farm_runs_test {

using namespace farm_test;
using isolatte::call;
using isolatte::ending;
using isolatte::error;
using isolatte::outcome;
using isolatte::ran;
using isolatte::test::has_nats_server;
using isolatte::test::nothing_left;
using isolatte::test::scratch_folder;

constexpr char host_case[] = "farm_runs/serve_in_another_process";
/// So long that a busy machine loses no host.
constexpr auto lease = 5min;

// Jobs.

int twice(int n) { return 2 * n; }
int crash_at_times(std::string log, int job) {
  host_process::note(log, "begun", job);
  if (job % 50 == 0) ::raise(SIGSEGV);
  return job;
}
struct own_exception : std::runtime_error {
  using std::runtime_error::runtime_error;
};
struct cannot_be_saved {
  template <class Archive>
  void save(Archive&, unsigned) const {
    throw std::runtime_error{"not this one"};
  }
  template <class Archive>
  void load(Archive&, unsigned) {}
  template <class Archive>
  void serialize(Archive& archive, unsigned version) {
    if constexpr (Archive::is_saving::value)
      save(archive, version);
    else
      load(archive, version);
  }
};

int end_by(int how) {
  switch (how) {
    case 0: return 40;
    case 1: throw own_exception{"a message"};
    case 2: std::_Exit(7);
    case 3: std::abort();
    case 4: ::raise(SIGKILL); break;
    case 5: ::raise(SIGTERM); break;
    default: std::this_thread::sleep_for(1h);
  }
  return 0;
}
cannot_be_saved not_to_be_sent() { return {}; }

struct counter {
  int start = 0;
  int add(int n) const { return start + n; }
  int operator()(int n) const { return start * n; }
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & start;
  }
};

/// A job lasts until workers of two hosts have begun one.
struct meeting {
  std::string log;

  int operator()(int n) const {
    host_process::note(log, "begun", n);
    while (hosts() < 2) std::this_thread::sleep_for(1ms);
    return 2 * n;
  }
  std::size_t hosts() const {
    std::set<int> different;
    for (auto const& each : host_process::lines(log)) different.insert(each.host);
    return different.size();
  }
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & log;
  }
};

void note_and_last(std::string log, int job) {
  host_process::note(log, "begun", job);
  std::this_thread::sleep_for(1h);
}

/// A server, and a farm in this process.
struct running : nothing_left, farm_world {
  ~running() {
    farm.reset();
    watcher.reset();
    if (context.stopped()) context.restart();
    context.run();
  }

  std::unique_ptr<host_process::process> host(int workers = 2) const {
    return std::make_unique<host_process::process>(host_case, server.url(), lease, workers);
  }
  template <class R, class Call>
  kept<R> run(const Call& what, nats::farm_job_options opts = {}) {
    kept<R> done;
    farm->async_run(what, opts, done.handler());
    until([&] { return done.calls != 0; });
    return done;
  }

  scratch_folder folder;
  std::string const log = (folder.path() / "log").string();
  std::optional<nats::farm> farm{std::in_place, context,
                                 host_process::farm_at(server.url(), lease)};
};

template <class R>
std::string what_of(const outcome<R>& of) {
  std::ostringstream text;
  text << of.how() << ' ' << of.ran() << ' ' << of.exit_code().value_or(-1) << ' '
       << of.signal().value_or(-1) << ' ' << of.core_dumped() << ' ' << of.fault().has_value();
  try {
    static_cast<void>(of.value());
    text << " value";
  } catch (const own_exception& e) {
    text << " own_exception " << e.what();
  } catch (const std::exception& e) {
    text << " another exception";
  }
  return text.str();
}

BOOST_AUTO_TEST_SUITE(farm_runs, *boost::unit_test::precondition(has_nats_server))

// Other starts of the program run this case alone.
BOOST_AUTO_TEST_CASE(serve_in_another_process) {
  if (std::getenv(host_process::url_variable) == nullptr) return;
  BOOST_TEST(host_process::serve() == 0);
}

BOOST_FIXTURE_TEST_CASE(a_map_keeps_the_order, running) {
  auto const first = host();
  auto const second = host();
  std::vector<int> range(1000);
  std::iota(range.begin(), range.end(), 0);
  std::vector<outcome<int>> all;
  error_code ended = asio::error::would_block;
  isolatte::async_map(*farm, range, meeting{log},
                      [&](error_code ec, std::vector<outcome<int>> done) {
                        ended = ec;
                        all = std::move(done);
                      });
  until([&] { return !all.empty(); });
  BOOST_TEST(ended == error_code{});
  BOOST_REQUIRE(all.size() == range.size());
  std::set<std::string> hosts;
  for (int i = 0; i != 1000; ++i) {
    BOOST_REQUIRE(all[static_cast<std::size_t>(i)].value() == 2 * i);
    hosts.insert(all[static_cast<std::size_t>(i)].host());
  }
  BOOST_TEST(hosts.size() == 2U);
  BOOST_TEST(!hosts.contains(""));
}

BOOST_FIXTURE_TEST_CASE(jobs_that_crash_are_answers, running) {
  auto const first = host();
  std::deque<kept<int>> done(1000);
  for (std::size_t i = 0; i != done.size(); ++i)
    farm->async_run(call(&crash_at_times, log, static_cast<int>(i)), {}, done[i].handler());
  until(
      [&] { return std::ranges::all_of(done, [](const auto& each) { return each.calls == 1; }); });
  for (std::size_t i = 0; i != done.size(); ++i) {
    auto const& what = done[i].what;
    BOOST_REQUIRE(done[i].ec == error_code{});
    if (i % 50 != 0) {
      BOOST_REQUIRE(what.value() == static_cast<int>(i));
      continue;
    }
    BOOST_TEST(what.how() == ending::faulted);
    BOOST_TEST(what.ran() == ran::yes);
    BOOST_REQUIRE(what.fault().has_value());
    BOOST_TEST(what.fault()->signal == SIGSEGV);
  }
  std::multiset<int> begun;
  for (auto const& line : host_process::lines(log)) begun.insert(line.job);
  BOOST_TEST(begun.size() == 1000U);
  BOOST_TEST((std::set<int>{begun.begin(), begun.end()}.size()) == 1000U);
}

BOOST_FIXTURE_TEST_CASE(every_ending_is_that_of_a_pool, running) {
  auto const first = host();
  isolatte::worker_pool pool{context, {.workers = 1}};
  for (int how = 0; how != 7; ++how) {
    kept<int> here;
    pool.async_run(call(&end_by, how), {.timeout = 300ms, .grace = 0s}, here.handler());
    until([&] { return here.calls == 1; });
    auto const there = run<int>(call(&end_by, how), {.timeout = 300ms, .grace = 0s});
    BOOST_TEST_CONTEXT("ending " << how) {
      BOOST_TEST(there.ec == here.ec);
      BOOST_TEST(what_of(there.what) == what_of(here.what));
      BOOST_TEST(!there.what.host().empty());
      BOOST_TEST(here.what.host().empty());
    }
  }
  kept<cannot_be_saved> here;
  pool.async_run(call(&not_to_be_sent), {}, here.handler());
  until([&] { return here.calls == 1; });
  auto const there = run<cannot_be_saved>(call(&not_to_be_sent));
  BOOST_TEST(here.what.how() == ending::undelivered);
  BOOST_TEST(what_of(there.what) == what_of(here.what));
  pool.stop();
}

BOOST_FIXTURE_TEST_CASE(functions_of_all_kinds_travel, running) {
  auto const first = host();
  counter const hundred{100};
  BOOST_TEST(run<int>(call(&twice, 4)).what.value() == 8);
  BOOST_TEST(run<int>(call(&counter::add, hundred, 4)).what.value() == 104);
  BOOST_TEST(run<int>(call([](int n) { return 3 * n; }, 4)).what.value() == 12);
  BOOST_TEST(run<int>(call(hundred, 4)).what.value() == 400);
}

BOOST_FIXTURE_TEST_CASE(what_runs_is_counted, running) {
  auto const first = host(2);
  std::deque<kept<void>> done(5);
  for (std::size_t i = 0; i != done.size(); ++i)
    farm->async_run(call(&note_and_last, log, static_cast<int>(i)), {}, done[i].handler());
  until([&] { return host_process::lines(log).size() == 2; });
  nats::farm_stats stats;
  while (stats.running != 2 || stats.waiting != 3 || stats.hosts != 1) {
    bool counted = false;
    farm->async_stats([&](error_code ec, nats::farm_stats what) {
      // A busy machine may have lost the connection.
      if (ec != error_code{error::no_server}) BOOST_TEST(ec == error_code{});
      stats = what;
      counted = true;
    });
    until([&] { return counted; });
  }
  farm->stop();
  until(
      [&] { return std::ranges::all_of(done, [](const auto& each) { return each.calls == 1; }); });
  for (auto const& each : done) BOOST_TEST(host_process::is_given_up(each.ec));
}

BOOST_FIXTURE_TEST_CASE(jobs_of_a_farm_that_is_gone_are_given_up, running) {
  auto const first = host(1);
  std::deque<kept<void>> done(20);
  asio::cancellation_signal stop_last;
  for (std::size_t i = 0; i != done.size(); ++i) {
    auto const slot = i + 1 == done.size() ? stop_last.slot() : asio::cancellation_slot{};
    farm->async_run(call(&note_and_last, log, static_cast<int>(i)), {},
                    asio::bind_cancellation_slot(slot, done[i].handler()));
  }
  until([&] { return host_process::lines(log).size() == 1; });
  until_messages(20);
  // The farm takes the last one back, so it knows by then where the others are.
  stop_last.emit(asio::cancellation_type::total);
  until([&] { return done.back().calls == 1; });
  farm.reset();
  until(
      [&] { return std::ranges::all_of(done, [](const auto& each) { return each.calls == 1; }); });
  for (auto const& each : done) BOOST_TEST(each.ec == error_code{asio::error::operation_aborted});
  until_messages(0);
  // The worker of the first one is free although the job would not have ended.
  farm.emplace(context, host_process::farm_at(server.url(), lease));
  BOOST_TEST(run<int>(call(&twice, 4)).what.value() == 8);
  BOOST_TEST(host_process::lines(log).size() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace farm_runs_test
