// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "farm_fixture.hpp"
#include "support/nothing_left.hpp"

#include <isolatte/call.hpp>
#include <isolatte/error.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/errc.hpp>
#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <deque>
#include <functional>
#include <optional>
#include <span>
#include <sstream>
#include <string>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

/// A farm of which no host is there.
namespace farm_submits_test {

using namespace farm_test;
namespace errc = boost::system::errc;
using isolatte::call;
using isolatte::ending;
using isolatte::error;
using isolatte::ran;
using isolatte::test::has_nats_server;

int twice(int n) { return 2 * n; }
std::size_t length(const std::string& text) { return text.size(); }

bool refuses(nats::farm_options options, errc::errc_t why) {
  asio::io_context context;
  try {
    nats::farm const farm{context, std::move(options)};
  } catch (const boost::system::system_error& e) {
    return e.code() == why;
  }
  return false;
}
bool accepts(nats::farm_options options) {
  asio::io_context context;
  nats::farm const farm{context, std::move(options)};
  return true;
}

constexpr char jobs_info[] = "$JS.API.STREAM.INFO.ISOLATTE_farm_JOBS";

/// No server listens there.
std::string closed_port_url() {
  asio::io_context context;
  asio::ip::tcp::acceptor const socket{context, {asio::ip::address_v4::loopback(), 0}};
  return "nats://127.0.0.1:" + std::to_string(socket.local_endpoint().port());
}

BOOST_AUTO_TEST_SUITE(farm_submits)

BOOST_AUTO_TEST_CASE(options_are_checked) {
  BOOST_TEST(accepts({}));
  BOOST_TEST(accepts({.name = "a-B_9", .code = "parser-3"}));
  for (auto const* name : {"", "a.b", "a b", "a*", "a>", "ä"}) {
    BOOST_TEST(refuses({.name = name}, errc::invalid_argument));
    BOOST_TEST(refuses({.code = name}, errc::invalid_argument));
  }
  BOOST_TEST(refuses({.lease = 99ms}, errc::invalid_argument));
  BOOST_TEST(accepts({.lease = 100ms}));
  BOOST_TEST(refuses({.max_queued = 0}, errc::invalid_argument));
  BOOST_TEST(refuses({.max_in_flight = 0}, errc::invalid_argument));
  for (int const replicas : {1, 3, 5}) BOOST_TEST(accepts({.replicas = replicas}));
  for (int const replicas : {-1, 0, 2, 4, 6})
    BOOST_TEST(refuses({.replicas = replicas}, errc::invalid_argument));
  BOOST_TEST(refuses({.servers = {}}, errc::invalid_argument));
  for (auto const* url :
       {"", "localhost", "http://localhost", "nats://", "nats://:4222", "nats://localhost:0",
        "nats://localhost:65536", "nats://localhost:x", "nats://localhost:4222/", "nats://[::1",
        "nats://[::1]4222", "nats://[localhost]:4222", "nats://@localhost"})
    BOOST_TEST(refuses({.servers = {"nats://localhost", url}}, errc::invalid_argument), url);
}

BOOST_AUTO_TEST_CASE(servers_elsewhere_need_credentials_and_encryption) {
  for (auto const* url : {"nats://127.1.2.3:4222", "nats://localhost", "tls://[::1]:4222"})
    BOOST_TEST(accepts({.servers = {url}}), url);
  for (auto const* url : {"nats://10.0.0.1:4222", "nats://a.example", "tls://[fe80::1]:4222",
                          "nats://localhost.example", "nats://127.0.0.1.example"}) {
    BOOST_TEST(refuses({.servers = {url}}, errc::permission_denied), url);
    BOOST_TEST(accepts({.servers = {url}, .insecure = true}), url);
  }
  BOOST_TEST(refuses({.servers = {"nats://10.0.0.1"}, .login = {.user = "a", .password = "b"}},
                     errc::permission_denied));
  BOOST_TEST(refuses({.servers = {"tls://10.0.0.1"}}, errc::permission_denied));
  BOOST_TEST(accepts({.servers = {"tls://10.0.0.1"}, .login = {.user = "a", .password = "b"}}));
  BOOST_TEST(accepts({.servers = {"tls://a:b@10.0.0.1"}}));
  BOOST_TEST(accepts({.servers = {"tls://10.0.0.1"}, .login = {.creds_file = "farm.creds"}}));
  BOOST_TEST(accepts({.servers = {"nats://10.0.0.1"}, .login = {.certificate = "farm.pem"}}));
}

BOOST_AUTO_TEST_CASE(an_idle_farm_lets_the_loop_end) {
  asio::io_context context;
  nats::farm const farm{context, {.servers = {closed_port_url()}}};
  // The timeout of ctest limits the wait.
  context.run();
  BOOST_TEST(context.stopped());
}

BOOST_AUTO_TEST_CASE(a_drained_farm_lets_the_loop_end,
                     *boost::unit_test::precondition(has_nats_server)) {
  farm_world world;
  nats::farm farm{world.context, world.options()};
  kept<int> done;
  error_code drained = asio::error::would_block;
  farm.async_run(call(&twice, 1), {.start_within = 300ms}, done.handler());
  farm.async_drain([&](error_code ec) { drained = ec; });
  BOOST_TEST(done.calls == 0);
  world.context.run();
  BOOST_TEST(done.calls == 1);
  BOOST_TEST(drained == error_code{});
  BOOST_TEST(done.ec == error_code{error::not_in_time});
  BOOST_TEST((done.what.how() == ending::not_started));
  BOOST_TEST((done.what.ran() == ran::no));
  world.until_messages(0);
}

BOOST_AUTO_TEST_CASE(jobs_wait_for_a_server) {
  asio::io_context context;
  nats::farm farm{context, {.servers = {closed_port_url()}}};
  kept<int> done;
  farm.async_run(call(&twice, 1), {}, done.handler());
  asio::steady_timer timer{context, 100ms};
  timer.async_wait([&](error_code) {
    BOOST_TEST(done.calls == 0);
    farm.stop();
  });
  context.run();
  BOOST_TEST(done.calls == 1);
  BOOST_TEST(done.ec == error_code{error::no_server});
  BOOST_TEST((done.what.ran() == ran::no));
  context.restart();
  farm.async_run(call(&twice, 1), {}, done.handler());
  BOOST_TEST(done.calls == 1);
  context.run();
  BOOST_TEST(done.calls == 2);
  BOOST_TEST(done.ec == error_code{asio::error::operation_aborted});
}

BOOST_AUTO_TEST_CASE(nothing_is_left_on_the_server_after_a_farm_is_destroyed,
                     *boost::unit_test::precondition(has_nats_server)) {
  farm_world world;
  std::optional<nats::farm> farm{std::in_place, world.context, world.options()};
  std::deque<kept<int>> done(1000);
  for (auto& each : done) farm->async_run(call(&twice, 1), {}, each.handler());
  world.until_messages(1000);
  world.until_server_says("$JS.API.STREAM.INFO.ISOLATTE_farm_DONE", [](const std::string& info) {
    return number_in(info, "consumer_count") == 1;
  });
  // The answer comes after those that tell the farm of its parcels.
  bool counted = false;
  farm->async_stats([&](error_code, const nats::farm_stats&) { counted = true; });
  world.until([&] { return counted; });
  farm.reset();
  world.until(
      [&] { return std::ranges::all_of(done, [](const auto& each) { return each.calls == 1; }); });
  for (auto const& each : done)
    BOOST_REQUIRE(each.ec == error_code{asio::error::operation_aborted});
  world.until_messages(0);
  world.until_server_says("$JS.API.STREAM.INFO.ISOLATTE_farm_DONE", [](const std::string& info) {
    return number_in(info, "consumer_count") == 0;
  });
  for (auto const& each : done) BOOST_REQUIRE(each.calls == 1);
}

BOOST_AUTO_TEST_CASE(no_descriptor_is_left_after_a_farm_with_many_jobs_is_destroyed,
                     *boost::unit_test::precondition(has_nats_server)) {
  farm_world world;
  std::size_t opened = 0;
  // libnats keeps what its first connection makes.
  for (int i = 0; i != 3; ++i) {
    std::deque<kept<int>> done(1000);
    {
      nats::farm farm{world.context, world.options()};
      for (auto& each : done) farm.async_run(call(&twice, 1), {}, each.handler());
      // A slow server still has messages of the farm before.
      world.until_server_says(jobs_info, [i](const std::string& info) {
        return number_in(info, "last_seq") == 1000 * (i + 1);
      });
    }
    world.context.restart();
    world.watcher.reset();
    world.context.run();
    for (auto const& each : done) BOOST_REQUIRE(each.calls == 1);
    auto const now = isolatte::test::open_descriptors().size();
    if (i == 1) opened = now;
    if (i == 2) BOOST_TEST(now == opened);
  }
}

BOOST_AUTO_TEST_CASE(what_the_server_stores_after_a_farm_is_stopped_is_deleted,
                     *boost::unit_test::precondition(has_nats_server)) {
  farm_world world;
  auto options = world.options();
  options.lease = 1min;
  std::optional<nats::farm> farm{std::in_place, world.context, options};
  std::deque<kept<int>> done(9);
  farm->async_run(call(&twice, 1), {}, done[0].handler());
  world.until_messages(1);
  bool counted = false;
  farm->async_stats([&](error_code, const nats::farm_stats&) { counted = true; });
  world.until([&] { return counted; });
  world.watcher.reset();
  world.server.pause();
  for (std::size_t i = 1; i != done.size(); ++i)
    farm->async_run(call(&twice, 1), {}, done[i].handler());
  // Publishes them: a parcel each.
  world.context.restart();
  world.context.poll();
  farm.reset();
  world.context.restart();
  world.context.poll();
  for (auto const& each : done) BOOST_TEST(each.calls == 1);
  world.server.resume();
  world.until_server_says(jobs_info, [](const std::string& info) {
    return number_in(info, "last_seq") == 9 && number_in(info, "messages") == 0;
  });
  // Then the farm's connection keeps the loop no longer.
  world.watcher.reset();
  world.context.run();
}

BOOST_AUTO_TEST_CASE(the_surplus_is_refused, *boost::unit_test::precondition(has_nats_server)) {
  farm_world world;
  auto options = world.options();
  options.max_queued = 60;
  nats::farm farm{world.context, options};
  std::deque<kept<int>> done(100);
  for (auto& each : done) farm.async_run(call(&twice, 1), {}, each.handler());
  world.until_messages(60);
  world.until([&] { return done.back().calls == 1; });
  for (std::size_t i = 0; i != done.size(); ++i) BOOST_TEST(done[i].calls == (i < 60 ? 0 : 1));
  // Another submitter is refused by the server.
  nats::farm other{world.context, options};
  kept<int> refused;
  other.async_run(call(&twice, 1), {}, refused.handler());
  world.until([&] { return refused.calls == 1; });
  BOOST_TEST(refused.ec == error_code{error::queue_full});
  BOOST_TEST((refused.what.ran() == ran::no));
  bool counted = false;
  farm.async_stats([&](error_code, const nats::farm_stats&) { counted = true; });
  world.until([&] { return counted; });
  farm.stop();
  other.stop();
  world.until([&] { return done.front().calls == 1 && done[59].calls == 1; });
  for (std::size_t i = 0; i != done.size(); ++i) {
    auto const expected =
        i < 60 ? error_code{asio::error::operation_aborted} : error_code{error::queue_full};
    BOOST_TEST(done[i].ec == expected);
  }
}

BOOST_AUTO_TEST_CASE(a_job_may_be_too_large, *boost::unit_test::precondition(has_nats_server)) {
  farm_world world{"max_payload: 2000"};
  nats::farm farm{world.context, world.options()};
  kept<std::size_t> early;
  kept<std::size_t> late;
  kept<std::size_t> good;
  farm.async_run(call(&length, std::string(3000, 'x')), {}, early.handler());
  farm.async_run(call(&length, std::string(1000, 'x')), {}, good.handler());
  world.until([&] { return early.calls == 1; });
  farm.async_run(call(&length, std::string(3000, 'x')), {}, late.handler());
  world.until([&] { return late.calls == 1; });
  for (auto const* each : {&early, &late}) {
    BOOST_TEST(each->ec == error_code{error::too_large});
    BOOST_TEST((each->what.ran() == ran::no));
    BOOST_TEST((each->what.how() == ending::not_started));
  }
  world.until_messages(1);
  BOOST_TEST(good.calls == 0);
}

BOOST_AUTO_TEST_CASE(a_waiting_job_is_taken_back,
                     *boost::unit_test::precondition(has_nats_server)) {
  farm_world world;
  nats::farm farm{world.context, world.options()};
  std::deque<kept<int>> done(20);
  std::deque<asio::cancellation_signal> stops(20);
  for (std::size_t i = 0; i != done.size(); ++i)
    farm.async_run(call(&twice, 1), {.max_hosts = i % 2 == 0 ? 1u : 3u},
                   asio::bind_cancellation_slot(stops[i].slot(), done[i].handler()));
  world.until_messages(20);
  for (std::size_t i = 0; i != 10; ++i) stops[i].emit(asio::cancellation_type::total);
  world.until_messages(10);
  world.until([&] {
    return std::all_of(done.begin(), done.begin() + 10,
                       [](const auto& each) { return each.calls == 1; });
  });
  for (std::size_t i = 0; i != 10; ++i) {
    BOOST_TEST(done[i].ec == asio::error::operation_aborted);
    BOOST_TEST((done[i].what.how() == ending::not_started));
    BOOST_TEST((done[i].what.ran() == ran::no));
  }
  for (std::size_t i = 10; i != 20; ++i) BOOST_TEST(done[i].calls == 0);
}

BOOST_AUTO_TEST_CASE(many_waiting_jobs_are_taken_back_at_once,
                     *boost::unit_test::precondition(has_nats_server)) {
  farm_world world;
  auto options = world.options();
  // A busy machine may take longer for it than two short leases.
  options.lease = 1min;
  nats::farm farm{world.context, options};
  std::deque<kept<int>> done(1000);
  std::deque<asio::cancellation_signal> stops(done.size());
  for (std::size_t i = 0; i != done.size(); ++i)
    farm.async_run(call(&twice, 1), {},
                   asio::bind_cancellation_slot(stops[i].slot(), done[i].handler()));
  world.until_messages(static_cast<std::int64_t>(done.size()));
  for (auto& each : stops) each.emit(asio::cancellation_type::total);
  world.until(
      [&] { return std::ranges::all_of(done, [](const auto& each) { return each.calls == 1; }); });
  for (auto const& each : done) {
    BOOST_REQUIRE(each.ec == asio::error::operation_aborted);
    BOOST_REQUIRE((each.what.how() == ending::not_started));
    BOOST_REQUIRE((each.what.ran() == ran::no));
  }
  world.until_messages(0);
}

BOOST_AUTO_TEST_CASE(what_the_server_has_forgotten_is_submitted_again,
                     *boost::unit_test::precondition(has_nats_server)) {
  farm_world world;
  nats::farm farm{world.context, world.options()};
  std::deque<kept<int>> done(50);
  for (auto& each : done) farm.async_run(call(&twice, 1), {}, each.handler());
  world.until_messages(50);
  world.watcher.reset();
  world.server.kill();
  world.server.delete_store();
  world.server.start();
  world.until_messages(50);
  // And without the end of any connection.
  world.watcher->ask("$JS.API.STREAM.DELETE.ISOLATTE_farm_JOBS");
  world.until_messages(50);
  for (auto const& each : done) BOOST_TEST(each.calls == 0);
}

BOOST_AUTO_TEST_CASE(jobs_that_wait_cost_a_question_a_lease,
                     *boost::unit_test::precondition(has_nats_server)) {
  farm_world world;
  world.watcher.emplace(world.context, world.server.url());
  std::vector<std::chrono::steady_clock::time_point> asked;
  world.watcher->link().subscribe(
      "$JS.API.CONSUMER.INFO.ISOLATTE_farm_JOBS.*", [&](std::span<nats::link::message> what) {
        asked.insert(asked.end(), what.size(), std::chrono::steady_clock::now());
      });
  world.until([&] { return world.watcher->is_up(); });
  auto options = world.options();
  options.lease = 200ms;
  auto const begin = std::chrono::steady_clock::now();
  nats::farm farm{world.context, options};
  std::deque<kept<int>> done;
  asio::steady_timer timer{world.context};
  // Nothing is heard of each at another moment.
  std::function<void()> const run = [&] {
    if (done.size() == 40) return;
    farm.async_run(call(&twice, 1), {}, done.emplace_back().handler());
    timer.expires_after(10ms);
    timer.async_wait([&](error_code ec) {
      if (!ec) run();
    });
  };
  run();
  world.until([&] { return asked.size() >= 8; });
  // The first one comes after two leases.
  for (std::size_t i = 0; i != asked.size(); ++i)
    BOOST_TEST((asked[i] - begin >= (i + 2) * options.lease), "question " << i << " is too early");
  for (auto const& each : done) BOOST_TEST(each.calls == 0);
}

BOOST_AUTO_TEST_CASE(a_wrong_password_is_an_error,
                     *boost::unit_test::precondition(has_nats_server)) {
  farm_world world{"authorization { user: a, password: b }"};
  auto options = world.options();
  options.login = {.user = "a", .password = "c"};
  nats::farm farm{world.context, options};
  for (int i = 0; i != 2; ++i) {
    kept<int> done;
    farm.async_run(call(&twice, 1), {}, done.handler());
    world.until([&] { return done.calls == 1; });
    BOOST_TEST(done.ec == make_error_code(errc::permission_denied));
    BOOST_TEST((done.what.ran() == ran::no));
  }
}

BOOST_AUTO_TEST_CASE(a_user_who_may_not_submit_is_told,
                     *boost::unit_test::precondition(has_nats_server)) {
  farm_world world{
      R"(authorization { users: [{ user: a, password: b,
           permissions: { publish: { deny: "isolatte.farm.jobs.>" } } }] })"};
  auto options = world.options();
  options.login = {.user = "a", .password = "b"};
  nats::farm farm{world.context, options};
  kept<int> done;
  farm.async_run(call(&twice, 1), {}, done.handler());
  world.until([&] { return done.calls == 1; });
  BOOST_TEST(done.ec == make_error_code(errc::permission_denied));
}

BOOST_AUTO_TEST_CASE(a_submitter_needs_few_rights,
                     *boost::unit_test::precondition(has_nats_server)) {
  // An administrator has made the streams.
  farm_world world{R"(authorization { users: [
    { user: admin, password: a },
    { user: submitter, password: b, permissions: {
        publish: { allow: ["isolatte.farm.jobs.*", "isolatte.farm.cancel.*",
                           "isolatte.farm.hosts.*",
                           "$JS.API.STREAM.INFO.ISOLATTE_farm_JOBS",
                           "$JS.API.STREAM.INFO.ISOLATTE_farm_DONE",
                           "$JS.API.STREAM.MSG.GET.ISOLATTE_farm_JOBS",
                           "$JS.API.STREAM.MSG.DELETE.ISOLATTE_farm_JOBS",
                           "$JS.API.CONSUMER.DURABLE.CREATE.ISOLATTE_farm_DONE.*",
                           "$JS.API.CONSUMER.DELETE.ISOLATTE_farm_DONE.*",
                           "$JS.API.CONSUMER.INFO.ISOLATTE_farm_JOBS.*",
                           "$JS.ACK.ISOLATTE_farm_DONE.>", "_INBOX.>"] },
        subscribe: { allow: ["_INBOX.>", "isolatte.farm.leave.*"] } } }] })"};
  auto options = world.options();
  options.login = {.user = "submitter", .password = "b"};
  auto administrator = options;
  administrator.login = {.user = "admin", .password = "a"};
  std::string const log_in = "nats://admin:a@127.0.0.1:" + std::to_string(world.server.port());
  world.watcher.emplace(world.context, log_in);
  {
    // Without the streams.
    nats::farm farm{world.context, options};
    kept<int> done;
    farm.async_run(call(&twice, 1), {}, done.handler());
    world.until([&] { return done.calls == 1; });
    BOOST_TEST(done.ec == make_error_code(errc::permission_denied));
  }
  {
    nats::farm farm{world.context, administrator};
    kept<int> done;
    farm.async_run(call(&twice, 1), {}, done.handler());
    world.until_messages(1);
    farm.stop();
    world.until([&] { return done.calls == 1; });
    world.until_messages(0);
  }
  nats::farm farm{world.context, options};
  kept<int> done;
  asio::cancellation_signal stop;
  farm.async_run(call(&twice, 1), {}, asio::bind_cancellation_slot(stop.slot(), done.handler()));
  world.until_messages(1);
  stop.emit(asio::cancellation_type::total);
  world.until([&] { return done.calls == 1; });
  BOOST_TEST(done.ec == error_code{asio::error::operation_aborted});
  BOOST_TEST(done.what.ran() == ran::no);
  BOOST_TEST(world.server.log().find("Violation") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_server_that_cannot_have_the_streams_is_an_error,
                     *boost::unit_test::precondition(has_nats_server)) {
  farm_world world;
  auto options = world.options();
  options.replicas = 3;
  nats::farm farm{world.context, options};
  kept<int> done;
  farm.async_run(call(&twice, 1), {}, done.handler());
  world.until([&] { return done.calls == 1; });
  BOOST_TEST(done.ec == error_code{error::no_server});
  std::ostringstream said;
  said << done.what;
  BOOST_TEST(said.str().find("replicas") != std::string::npos, said.str());
}

BOOST_AUTO_TEST_CASE(a_wait_can_be_cancelled, *boost::unit_test::precondition(has_nats_server)) {
  farm_world world;
  nats::farm farm{world.context, world.options()};
  kept<int> done;
  farm.async_run(call(&twice, 1), {}, done.handler());
  asio::cancellation_signal stop;
  error_code drained;
  int drains = 0;
  farm.async_drain(asio::bind_cancellation_slot(stop.slot(), [&](error_code ec) {
    drained = ec;
    ++drains;
  }));
  world.until_messages(1);
  BOOST_TEST(drains == 0);
  stop.emit(asio::cancellation_type::partial);
  world.until([&] { return drains == 1; });
  BOOST_TEST(drained == error_code{asio::error::operation_aborted});
  farm.async_drain([&](error_code ec) {
    drained = ec;
    ++drains;
  });
  farm.stop();
  world.until([&] { return drains == 2 && done.calls == 1; });
  BOOST_TEST(drained == error_code{});
}

BOOST_AUTO_TEST_CASE(waiting_jobs_are_counted, *boost::unit_test::precondition(has_nats_server)) {
  farm_world world;
  nats::farm farm{world.context, world.options()};
  error_code counted;
  nats::farm_stats stats;
  int counts = 0;
  auto const count = [&] {
    farm.async_stats([&](error_code ec, nats::farm_stats what) {
      counted = ec;
      stats = what;
      ++counts;
    });
    int const before = counts;
    world.until([&] { return counts != before; });
  };
  count();
  BOOST_TEST(counted == error_code{error::no_server});
  std::deque<kept<int>> done(7);
  for (auto& each : done) farm.async_run(call(&twice, 1), {}, each.handler());
  world.until_messages(7);
  count();
  BOOST_TEST(counted == error_code{});
  BOOST_TEST(stats.waiting == 7U);
  BOOST_TEST(stats.running == 0U);
  BOOST_TEST(stats.hosts == 0U);
}

BOOST_AUTO_TEST_CASE(a_copy_of_the_program_has_no_jobs,
                     *boost::unit_test::precondition(has_nats_server)) {
  farm_world world;
  nats::farm farm{world.context, world.options()};
  kept<int> done;
  farm.async_run(call(&twice, 1), {}, done.handler());
  world.until_messages(1);
  for (bool const tells : {true, false}) {
    pid_t const copy = ::fork();
    BOOST_REQUIRE(copy >= 0);
    if (copy == 0) {
      if (tells) world.context.notify_fork(asio::execution_context::fork_child);
      kept<int> another;
      farm.async_run(call(&twice, 1), {}, another.handler());
      while ((done.calls == 0 || another.calls == 0) && world.context.run_one() != 0) {
      }
      bool const good = done.calls == 1 && done.ec == asio::error::operation_aborted &&
                        another.calls == 1 && another.ec == asio::error::operation_aborted;
      {
        auto const ended = std::move(farm);
      }
      ::_exit(good ? 0 : 1);
    }
    int status = 0;
    BOOST_REQUIRE(::waitpid(copy, &status, 0) == copy);
    BOOST_TEST(WIFEXITED(status));
    BOOST_TEST(WEXITSTATUS(status) == 0);
  }
  BOOST_TEST(done.calls == 0);
  world.until_messages(1);
  farm.stop();
  world.until([&] { return done.calls == 1; });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace farm_submits_test
