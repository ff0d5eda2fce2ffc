// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// The server that doc/guide/farm.md configures, and what each of its users may do.

#include "farm/host_fixture.hpp"
#include "nats/link/server_link.hpp"

#include <isolatte.hpp>
#include <isolatte/nats.hpp>

#include <boost/asio.hpp>
#include <boost/system/errc.hpp>
#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace rights_test {

using namespace host_fixture;
using boost::system::error_code;
using isolatte::test::has_nats_server_and_openssl;
namespace errc = boost::system::errc;
namespace link = isolatte::nats::link;

void replace(std::string& in, const std::string& what, const std::string& by) {
  auto at = in.find(what);
  if (at == std::string::npos) throw std::runtime_error{"the guide has no " + what};
  for (; at != std::string::npos; at = in.find(what, at + by.size()))
    in.replace(at, what.size(), by);
}

/// The guide's text, with passwords and with files of this test. The test's server has an address
/// and a store of its own.
std::string configuration_of_the_guide(const std::filesystem::path& files) {
  const char* const guide = std::getenv("ISOLATTE_TEST_FARM_GUIDE");
  if (guide == nullptr) throw std::runtime_error{"ISOLATTE_TEST_FARM_GUIDE is not set"};
  std::ifstream in{guide};
  std::ostringstream text;
  std::string line;
  while (std::getline(in, line) && line != "host: 0.0.0.0") {
  }
  while (std::getline(in, line) && line != "```")
    if (!line.starts_with("port:") && !line.starts_with("jetstream")) text << line << '\n';
  std::string made = text.str();
  replace(made, "/etc/nats/", files.string() + "/");
  replace(made, "\"...\"", "secret");
  // A busy machine takes its time for a handshake.
  replace(made, "tls {", "tls {\n  timeout: 60");
  return made;
}

struct guided : attempts_end {
  scratch_folder folder;
  nats_server server{(isolatte::test::make_certificates(folder.path()),
                      configuration_of_the_guide(folder.path()))};
  std::string const log = (folder.path() / "log").string();
  asio::io_context context;
  isolatte::worker_pool pool{context, {.workers = 1}};
  std::optional<farm_host> host;
  std::optional<farm> jobs;

  ~guided() {
    jobs.reset();
    host.reset();
    pool.stop();
    if (context.stopped()) context.restart();
    context.run();
  }

  std::string file(const char* name) const { return (folder.path() / name).string(); }
  isolatte::nats::farm_options as(const std::string& user) const {
    return {.servers = {server.tls_url()},
            .login = {.user = user,
                      .password = "secret",
                      .ca = file("ca.pem"),
                      .certificate = file("client.pem"),
                      .key = file("client.key")},
            .lease = long_lease};
  }
  template <class Condition>
  void until(Condition condition) {
    while (!condition()) {
      if (context.stopped()) context.restart();
      context.run_one_for(10ms);
    }
  }
  result run(const farm_job_options& opts = {}) {
    result to;
    bool is_done = false;
    jobs->async_run(call(twice, 21), opts, [&](error_code ec, outcome<int> what) {
      to = {ec, std::move(what)};
      is_done = true;
    });
    until([&] { return is_done; });
    return to;
  }
  /// Returns the error of a job whose farm has these options.
  error_code submit(isolatte::nats::farm_options opts) {
    jobs.emplace(context, std::move(opts));
    auto const ec = run().ec;
    jobs.reset();
    return ec;
  }
  /// Returns the error with which a host that has these options stops to serve.
  error_code serve(isolatte::nats::farm_options opts) {
    host.emplace(pool, std::move(opts));
    std::optional<error_code> ended;
    host->async_serve([&](error_code ec) { ended = ec; });
    until([&] { return ended.has_value(); });
    host.reset();
    return *ended;
  }
};

BOOST_AUTO_TEST_SUITE(rights, *boost::unit_test::precondition(has_nats_server_and_openssl))

BOOST_FIXTURE_TEST_CASE(are_enough_for_each_role, guided) {
  jobs.emplace(context, as("submitter"));
  host.emplace(pool, as("host"));
  asio::cancellation_signal drain;
  std::optional<error_code> ended;
  host->async_serve(asio::bind_cancellation_slot(drain.slot(), [&](error_code ec) { ended = ec; }));
  BOOST_TEST(run().what.value() == 42);
  // With leave.
  BOOST_TEST(run({.max_hosts = 1}).what.value() == 42);
  // One job is cancelled while it runs, one while it waits.
  std::vector<result> cancelled;
  asio::cancellation_signal stops[2];
  for (int i = 0; i != 2; ++i) {
    jobs->async_run(
        call(take, log, i, 3'600'000),
        asio::bind_cancellation_slot(stops[i].slot(), [&](error_code ec, outcome<int> what) {
          cancelled.push_back({ec, std::move(what)});
        }));
    if (i == 0) until([&] { return !lines(log).empty(); });
  }
  isolatte::nats::farm_stats stats;
  // The worker may have the second job, too.
  while (stats.running == 0 || stats.hosts != 1) {
    bool is_counted = false;
    jobs->async_stats([&](error_code ec, isolatte::nats::farm_stats what) {
      BOOST_TEST(!ec, ec.message());
      stats = what;
      is_counted = true;
    });
    until([&] { return is_counted; });
  }
  for (auto& each : stops) each.emit(asio::cancellation_type::terminal);
  until([&] { return cancelled.size() == 2; });
  for (auto const& each : cancelled) BOOST_TEST((each.ec == asio::error::operation_aborted));
  drain.emit(asio::cancellation_type::total);
  until([&] { return ended.has_value(); });
  BOOST_TEST((*ended == asio::error::operation_aborted));
  jobs.reset();
  host.reset();
  BOOST_TEST(server.log().find("iolation") == std::string::npos, server.log());
}

/// A client that says what it likes.
struct client final : link::link_events {
  guided& in;
  std::shared_ptr<link::server_link> to;
  std::vector<std::string> violated;

  client(guided& where, const std::string& user) : in{where} {
    link::link_options options;
    options.servers = {in.server.tls_url()};
    options.user = user;
    options.password = "secret";
    options.ca = in.file("ca.pem");
    options.certificate = in.file("client.pem");
    options.key = in.file("client.key");
    to = link::server_link::make(in.context.get_executor(), options);
    to->start(*this);
    in.until([&] { return to->is_up(); });
  }
  ~client() { to->stop(); }

  void check_refused(const std::string& subject) {
    in.until([&] { return !violated.empty(); });
    BOOST_TEST(violated.size() == 1U);
    BOOST_TEST(violated.front() == subject);
    violated.clear();
  }
  void check_may_not_publish(const std::vector<std::string>& subjects) {
    for (auto const& each : subjects) {
      BOOST_TEST(!to->publish(each, {}, {}, {}));
      check_refused(each);
    }
  }
  void check_may_not_hear(const std::vector<std::string>& subjects) {
    for (auto const& each : subjects) {
      auto const heard = to->subscribe(each, [](auto) { BOOST_ERROR("heard"); });
      check_refused(each);
      to->unsubscribe(heard);
    }
  }

 private:
  void link_up(const link::server_info&) override {}
  void link_down(const error_code& ec, const std::string& text) override {
    BOOST_ERROR("down: " << ec.message() << ": " << text);
  }
  void link_refused(const error_code&, const std::string&) override {}
  void link_violation(const std::string&, const std::string& subject) override {
    violated.push_back(subject);
  }
};

BOOST_FIXTURE_TEST_CASE(of_a_host_end_there, guided) {
  client it{*this, "host"};
  it.check_may_not_publish(
      {"isolatte.farm.jobs.C", "isolatte.farm.cancel.C", "isolatte.farm.hosts.C",
       "isolatte.farm.news", "isolatte.other.done.S", "$JS.API.STREAM.CREATE.ISOLATTE_farm_JOBS",
       "$JS.API.STREAM.UPDATE.ISOLATTE_farm_JOBS", "$JS.API.STREAM.DELETE.ISOLATTE_farm_JOBS",
       "$JS.API.STREAM.PURGE.ISOLATTE_farm_JOBS", "$JS.API.STREAM.MSG.GET.ISOLATTE_farm_JOBS",
       "$JS.API.STREAM.MSG.DELETE.ISOLATTE_farm_JOBS", "$JS.API.STREAM.NAMES",
       "$JS.API.STREAM.INFO.ISOLATTE_other_JOBS", "$JS.API.STREAM.INFO.ISOLATTE_farm_DONE",
       "$JS.API.CONSUMER.DELETE.ISOLATTE_farm_JOBS.C",
       "$JS.API.CONSUMER.DURABLE.CREATE.ISOLATTE_farm_DONE.S", "$JS.ACK.ISOLATTE_farm_DONE.S.1"});
  it.check_may_not_hear(
      {">", "isolatte.>", "isolatte.farm.jobs.>", "isolatte.farm.done.>", "isolatte.farm.leave.>"});
}

BOOST_FIXTURE_TEST_CASE(of_a_submitter_end_there, guided) {
  client it{*this, "submitter"};
  it.check_may_not_publish(
      {"isolatte.farm.done.S", "isolatte.farm.leave.S", "isolatte.other.jobs.C",
       "$JS.API.STREAM.UPDATE.ISOLATTE_farm_JOBS", "$JS.API.STREAM.DELETE.ISOLATTE_farm_JOBS",
       "$JS.API.STREAM.DELETE.ISOLATTE_farm_DONE", "$JS.API.STREAM.PURGE.ISOLATTE_farm_JOBS",
       "$JS.API.STREAM.MSG.GET.ISOLATTE_farm_DONE", "$JS.API.STREAM.NAMES",
       "$JS.API.CONSUMER.DURABLE.CREATE.ISOLATTE_farm_JOBS.C",
       "$JS.API.CONSUMER.DELETE.ISOLATTE_farm_JOBS.C",
       "$JS.API.CONSUMER.MSG.NEXT.ISOLATTE_farm_JOBS.C", "$JS.ACK.ISOLATTE_farm_JOBS.C.1"});
  it.check_may_not_hear({">", "isolatte.>", "isolatte.farm.jobs.>", "isolatte.farm.done.>",
                         "isolatte.farm.cancel.>"});
}

BOOST_FIXTURE_TEST_CASE(of_the_other_role_are_an_error, guided) {
  // The streams are there.
  jobs.emplace(context, as("submitter"));
  asio::cancellation_signal stop;
  std::optional<error_code> ended;
  host.emplace(pool, as("host"));
  host->async_serve(asio::bind_cancellation_slot(stop.slot(), [&](error_code ec) { ended = ec; }));
  BOOST_TEST(run().what.value() == 42);
  stop.emit(asio::cancellation_type::total);
  until([&] { return ended.has_value(); });
  jobs.reset();
  host.reset();
  BOOST_TEST(submit(as("host")) == make_error_code(errc::permission_denied));
  BOOST_TEST(serve(as("submitter")) == make_error_code(errc::permission_denied));
}

BOOST_FIXTURE_TEST_CASE(are_not_had_without_proof, guided) {
  auto const denied = make_error_code(errc::permission_denied);
  auto nobody = as("nobody");
  BOOST_TEST(submit(nobody) == denied);
  BOOST_TEST(serve(nobody) == denied);
  auto guessing = as("submitter");
  guessing.login.password = "guess";
  BOOST_TEST(submit(guessing) == denied);
  auto trusting = as("submitter");
  trusting.login.ca = file("other-ca.pem");
  BOOST_TEST(submit(trusting) == denied);
  trusting.login.user = "host";
  BOOST_TEST(serve(trusting) == denied);
  auto without = as("submitter");
  without.login.certificate.clear();
  without.login.key.clear();
  BOOST_TEST(submit(without) == denied);
  without.login.user = "host";
  BOOST_TEST(serve(without) == denied);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rights_test
