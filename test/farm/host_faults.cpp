// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "farm/farm_fixture.hpp"
#include "farm/host_fixture.hpp"
#include "nats/wire/jetstream.hpp"
#include "nats/wire/request.hpp"
#include "support/nothing_left.hpp"

#include <isolatte.hpp>
#include <isolatte/detail/vocabulary/byte_buffer.hpp>
#include <isolatte/nats.hpp>

#include <boost/asio.hpp>
#include <boost/system/errc.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

/// Hosts to which something happens.
namespace host_faults_test {

using namespace host_fixture;
using farm_test::number_in;
using farm_test::observer;

constexpr char jobs_info[] = "$JS.API.STREAM.INFO.ISOLATTE_farm_JOBS";

/// No server listens there.
std::string closed_port_url() {
  asio::io_context context;
  asio::ip::tcp::acceptor const socket{context, {asio::ip::address_v4::loopback(), 0}};
  return "nats://127.0.0.1:" + std::to_string(socket.local_endpoint().port());
}

int talk(std::size_t size) {
  std::string const text(size, 'x');
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
  return 42;
}

BOOST_AUTO_TEST_SUITE(host_faults, *boost::unit_test::precondition(has_nats_server))

// Rests, and broken pools

struct hosting_with_fresh_workers : hosting {
  hosting_with_fresh_workers() : hosting{3s, {.workers = 1, .max_jobs_per_worker = 1}} {}
};

BOOST_FIXTURE_TEST_CASE(a_job_after_a_rest_of_a_lease_is_not_killed, hosting_with_fresh_workers) {
  serve();
  for (int i = 0; i != 2; ++i) {
    run(call(take, log, i, 0));
    until_done();
    auto const end = std::chrono::steady_clock::now() + lease;
    until([&] { return std::chrono::steady_clock::now() >= end; });
  }
  check_all_returned();
  BOOST_TEST(host->stats().fenced == 0U);
  BOOST_TEST(host->stats().again == 0U);
  BOOST_TEST(begun_again() == 0U);
}

void need(std::string file) {
  if (!std::filesystem::exists(file)) throw std::domain_error{"no licence"};
}

/// Its workers start only if a file is there.
struct hosting_with_a_broken_pool : hosting {
  hosting_with_a_broken_pool() : hosting{long_lease, broken_until("licence")} {}
  ~hosting_with_a_broken_pool() { std::filesystem::remove(licence); }

  static isolatte::pool_options broken_until(const std::string& name) {
    isolatte::pool_options made{.workers = 1, .initializer = call(need, path_of(name))};
    made.startup = {.backoff_min = 1ms, .backoff_max = 20ms};
    return made;
  }
  static std::string path_of(const std::string& name) {
    return (std::filesystem::temp_directory_path() /
            ("isolatte-" + name + "-" + std::to_string(::getpid())))
        .string();
  }
  std::string const licence = path_of("licence");
};

BOOST_FIXTURE_TEST_CASE(jobs_of_a_broken_pool_run_elsewhere, hosting_with_a_broken_pool) {
  serve();
  for (int i = 0; i != 20; ++i)
    run(call(take, log, i, 0), {.max_hosts = static_cast<unsigned>(1 + i % 2)});
  until([&] { return host->stats().taken >= 4; });
  auto const other = world::host();
  until_done();
  check_all_returned();
  for (auto const& each : results)
    BOOST_TEST(each->what.host().ends_with("/" + std::to_string(other->pid())));
  BOOST_TEST(begun_again() == 0U);
  BOOST_TEST(host->stats().done == 0U);
}

BOOST_FIXTURE_TEST_CASE(a_pool_that_is_mended_runs_jobs_again, hosting_with_a_broken_pool) {
  serve();
  auto& job = run(call(twice, 4));
  until([&] { return host->stats().taken >= 2; });
  BOOST_TEST(done == 0U);
  std::ofstream{licence} << "yes";
  pool.resume();
  until_done();
  BOOST_TEST(job.what.value() == 8);
  BOOST_TEST((job.what.ran() == ran::yes));
}

BOOST_FIXTURE_TEST_CASE(jobs_of_a_pool_that_is_stopped_run_elsewhere, hosting_for_short_leases) {
  serve();
  auto& job = run(call(last_at_first, log, 1));
  until([&] { return count("begun") == 1; });
  pool.stop();
  auto const other = world::host();
  until_done();
  BOOST_TEST(job.ec == boost::system::error_code{});
  BOOST_TEST(job.what.value() == 1);
  BOOST_TEST(job.what.host().ends_with("/" + std::to_string(other->pid())));
}

// The end

struct hosting_with_two_workers : hosting {
  hosting_with_two_workers() : hosting{long_lease, {.workers = 2}} {}
};

BOOST_FIXTURE_TEST_CASE(a_host_that_drains_takes_no_jobs, hosting_with_two_workers) {
  serve();
  asio::cancellation_signal end;
  run(call(take, log, 1, 3'600'000), {}, end.slot());
  until([&] { return count("begun") == 1; });
  auto const other = world::host();
  stop.emit(asio::cancellation_type::total);
  for (int i = 2; i != 12; ++i) {
    run(call(take, log, i, 0));
    until([&] { return done + 1 == results.size(); });
    BOOST_TEST(results.back()->what.host().ends_with("/" + std::to_string(other->pid())));
  }
  // One may have been on its way when the host was told to drain.
  BOOST_TEST(host->stats().taken <= 2U);
  BOOST_TEST(begun_again() == 0U);
  BOOST_TEST(served == 0);
  end.emit(asio::cancellation_type::terminal);
  until([&] { return served == 1; });
  BOOST_TEST((ended_with == asio::error::operation_aborted));
  until_done();
}

BOOST_FIXTURE_TEST_CASE(a_host_that_drains_without_a_server_lets_the_loop_end, hosting) {
  serve();
  {
    observer watcher{context, server.url()};
    while (number_in(watcher.ask(jobs_info), "consumer_count") != 1) {
    }
  }
  jobs.reset();
  server.kill();
  stop.emit(asio::cancellation_type::total);
  until([&] { return served == 1; });
  pool.stop();
  context.restart();
  context.run();
  BOOST_TEST(context.stopped());
}

BOOST_FIXTURE_TEST_CASE(a_host_without_a_server_that_does_not_serve_lets_the_loop_end,
                        attempts_end) {
  asio::io_context context;
  isolatte::worker_pool pool{context, {.workers = 1}};
  farm_host const host{pool, host_process::farm_at(closed_port_url())};
  pool.stop();
  context.run();
  BOOST_TEST(context.stopped());
}

// Rights

struct refused : attempts_end {
  explicit refused(std::string configuration) : server{std::move(configuration)} {}
  ~refused() {
    host.reset();
    pool.stop();
    if (context.stopped()) context.restart();
    context.run();
  }
  boost::system::error_code serve() {
    std::optional<boost::system::error_code> ended;
    host->async_serve([&](boost::system::error_code ec) { ended = ec; });
    while (!ended) {
      if (context.stopped()) context.restart();
      context.run_one();
    }
    return *ended;
  }

  nats_server server;
  asio::io_context context;
  isolatte::worker_pool pool{context, {.workers = 1}};
  std::optional<farm_host> host;
};

struct refused_by_password : refused {
  refused_by_password() : refused{"authorization { users = [ { user: a, password: b } ] }"} {}
};

BOOST_FIXTURE_TEST_CASE(a_host_that_is_not_let_in_says_so_and_lets_the_loop_end,
                        refused_by_password) {
  host.emplace(pool, host_process::farm_at(server.url()));
  // Each time the server is asked anew.
  for (int i = 0; i != 2; ++i) BOOST_TEST((serve() == boost::system::errc::permission_denied));
  pool.stop();
  context.restart();
  context.run();
  BOOST_TEST(context.stopped());
}

BOOST_FIXTURE_TEST_CASE(a_host_tries_all_its_servers, hosting) {
  host.reset();
  nats_server const other{"authorization { users = [ { user: a, password: b } ] }"};
  auto two = options();
  two.servers = {other.url(), server.url()};
  host.emplace(pool, two);
  serve();
  run(call(twice, 21));
  until_done();
  check_all_returned();
  BOOST_TEST(served == 0);
}

/// The rights of the guide.
constexpr char host_rights[] = R"(authorization { users: [
    { user: all, password: a },
    { user: host, password: b, permissions: {
        publish: { allow: ["isolatte.farm.done.>", "isolatte.farm.leave.>",
                           "$JS.API.STREAM.INFO.ISOLATTE_farm_JOBS",
                           "$JS.API.CONSUMER.INFO.ISOLATTE_farm_JOBS.*",
                           "$JS.API.CONSUMER.DURABLE.CREATE.ISOLATTE_farm_JOBS.*",
                           "$JS.API.CONSUMER.MSG.NEXT.ISOLATTE_farm_JOBS.*",
                           "$JS.ACK.ISOLATTE_farm_JOBS.>"] },
        subscribe: { allow: ["_INBOX.>", "isolatte.farm.cancel.>", "isolatte.farm.hosts.>",
                             "isolatte.farm.news"] } } } ] })";

struct restricted : attempts_end {
  ~restricted() {
    jobs.reset();
    host.reset();
    watcher.reset();
    pool.stop();
    if (context.stopped()) context.restart();
    context.run();
  }
  template <class Condition>
  void until(Condition condition) {
    while (!condition()) {
      if (context.stopped()) context.restart();
      context.run_one_for(10ms);
    }
  }
  isolatte::nats::farm_options as(std::string user, std::string password) const {
    auto made = host_process::farm_at(server.url(), long_lease);
    made.login = {.user = std::move(user), .password = std::move(password)};
    return made;
  }
  void check_that_jobs_run() {
    bool is_done = false;
    jobs->async_run(call(twice, 21), {.max_hosts = 1},
                    [&](boost::system::error_code ec, outcome<int> what) {
                      is_done = true;
                      BOOST_TEST(!ec, ec.message());
                      BOOST_TEST(what.value() == 42);
                    });
    until([&] { return is_done; });
  }

  nats_server server{host_rights};
  /// Why the host has ended.
  std::optional<boost::system::error_code> ended;
  asio::io_context context;
  isolatte::worker_pool pool{context, {.workers = 1}};
  std::optional<farm> jobs{std::in_place, context, as("all", "a")};
  std::optional<farm_host> host{std::in_place, pool, as("host", "b")};
  std::optional<observer> watcher{std::in_place, context,
                                  "nats://all:a@127.0.0.1:" + std::to_string(server.port())};
};

BOOST_FIXTURE_TEST_CASE(a_client_that_asks_for_answers_elsewhere_ends_no_host, restricted) {
  host->async_serve([&](boost::system::error_code ec) { ended = ec; });
  check_that_jobs_run();
  until([&] { return watcher->is_up(); });
  isolatte::detail::byte_buffer question;
  isolatte::nats::wire::encode_count(question);
  auto const id = isolatte::detail::program_build_id();
  BOOST_TEST_REQUIRE(id.has_value());
  // The host has no right to publish to either.
  for (auto const* const reply : {"isolatte.farm.jobs.x", "_INBOX.somebody.else"})
    BOOST_TEST(!watcher->link().publish("isolatte.farm.hosts." + *id, reply, {}, question.bytes()));
  until([&] { return server.log().find("Publish Violation") != std::string::npos; });
  check_that_jobs_run();
  BOOST_TEST(!ended.has_value());
}

// Streams

struct alone : attempts_end {
  ~alone() {
    host.reset();
    watcher.reset();
    pool.stop();
    if (context.stopped()) context.restart();
    context.run();
  }
  nats_server server;
  /// Why the host has ended.
  std::optional<boost::system::error_code> ended;
  asio::io_context context;
  isolatte::worker_pool pool{context, {.workers = 1}};
  std::optional<observer> watcher{std::in_place, context, server.url()};
  std::optional<farm_host> host;
};

BOOST_FIXTURE_TEST_CASE(a_host_finds_streams_that_others_have_made, alone) {
  std::size_t looks = 0;
  watcher->link().subscribe(jobs_info, [&](auto what) { looks += what.size(); });
  while (!watcher->is_up()) context.run_one();
  host.emplace(pool, host_process::farm_at(server.url(), long_lease));
  host->async_serve([&](boost::system::error_code ec) { ended = ec; });
  // No farm tells the host of streams, so it looks again and again.
  while (looks < 3) context.run_one();
  isolatte::nats::wire::stream_config config;
  config.name = "ISOLATTE_farm_JOBS";
  config.subjects = {"isolatte.farm.jobs.>"};
  config.retention = isolatte::nats::wire::retention::workqueue;
  watcher->ask(isolatte::nats::wire::stream_create_subject(config.name),
               isolatte::nats::wire::stream_create_body(config));
  while (number_in(watcher->ask(jobs_info), "consumer_count") != 1) {
  }
  BOOST_TEST(!ended.has_value());
}

BOOST_FIXTURE_TEST_CASE(a_consumer_that_is_deleted_is_made_anew, hosting) {
  serve();
  run(call(twice, 1));
  until_done();
  observer watcher{context, server.url()};
  auto const names = watcher.ask("$JS.API.CONSUMER.NAMES.ISOLATTE_farm_JOBS");
  auto const id = isolatte::detail::program_build_id();
  BOOST_TEST_REQUIRE(id.has_value());
  auto const begin = names.find(*id + "-");
  BOOST_TEST_REQUIRE(begin != std::string::npos, names);
  auto const name = names.substr(begin, names.find('"', begin) - begin);
  watcher.ask("$JS.API.CONSUMER.DELETE.ISOLATTE_farm_JOBS." + name);
  while (number_in(watcher.ask(jobs_info), "consumer_count") != 1) {
  }
  run(call(twice, 2));
  until_done();
  check_all_returned();
}

// Pauses

BOOST_FIXTURE_TEST_CASE(a_host_that_was_stopped_begins_no_job_that_another_one_has,
                        world_of_short_leases) {
  auto const stopped = host(1);
  observer watcher{context, server.url()};
  while (number_in(watcher.ask("$JS.API.CONSUMER.LIST.ISOLATTE_farm_JOBS"), "num_waiting") != 1) {
  }
  stopped->signal(SIGSTOP);
  // Goes to the socket of the stopped host first.
  run(call(take, log, 1, 3'600'000));
  while (number_in(watcher.ask(jobs_info), "messages") != 1) {
  }
  auto const other = host(1);
  until([&] { return count("begun") == 1; });
  BOOST_TEST(lines(log).front().host == other->pid());
  stopped->signal(SIGCONT);
  // The other one has no worker for this.
  auto& next = run(call(take, log, 2, 0));
  until([&] { return done == 1; });
  BOOST_TEST(next.what.value() == 2);
  BOOST_TEST(lines(log).back().host == stopped->pid());
  BOOST_TEST(begun_again() == 0U);
}

// Results

struct hosting_with_much_output : hosting {
  hosting_with_much_output() : hosting{long_lease, with_output()} {}
  static isolatte::pool_options with_output() {
    isolatte::pool_options made{.workers = 1};
    made.worker.out = isolatte::capture{.limit = std::size_t{4} << 20};
    return made;
  }
};

BOOST_FIXTURE_TEST_CASE(a_result_loses_its_output_before_its_value, hosting_with_much_output) {
  serve();
  auto& job = run(call(talk, std::size_t{2} << 20));
  until_done();
  BOOST_TEST(job.ec == boost::system::error_code{});
  BOOST_TEST(job.what.value() == 42);
  BOOST_TEST(job.what.out_truncated());
  BOOST_TEST(job.what.out_text().size() > (std::size_t{1} << 19));
}

/// Lasts until a file is there.
std::string large_when_told(std::string log, std::string file, std::size_t size) {
  note(log, "begun", 1);
  while (!std::filesystem::exists(file)) std::this_thread::sleep_for(1ms);
  return std::string(size, 'x');
}

BOOST_FIXTURE_TEST_CASE(a_result_is_made_anew_for_a_server_that_takes_less, hosting) {
  serve();
  bool is_done = false;
  auto const file = (folder.path() / "go").string();
  jobs->async_run(call(large_when_told, log, file, std::size_t{500'000}), {.max_hosts = 1},
                  [&](boost::system::error_code ec, outcome<std::string> what) {
                    is_done = true;
                    BOOST_TEST(!ec, ec.message());
                    BOOST_TEST(what.how() == ending::undelivered);
                    BOOST_TEST((what.ran() == ran::yes));
                  });
  until([&] { return count("begun") == 1; });
  // The host publishes to a server that does not answer.
  server.pause();
  std::ofstream{file} << "go";
  bool is_drained = false;
  pool.async_drain([&](boost::system::error_code) { is_drained = true; });
  until([&] { return is_drained; });
  for (int i = 0; i != 100; ++i) context.poll();
  server.kill();
  server.set_configuration("max_payload: 100000");
  server.start();
  until([&] { return is_done; });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace host_faults_test
