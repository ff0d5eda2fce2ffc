// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// The last messages of a program arrive although it exits at once.

#include "farm/farm_fixture.hpp"
#include "farm/host_process.hpp"
#include "nats/link/server_link.hpp"
#include "support/nats_server.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdlib>
#include <span>
#include <string>
#include <vector>

namespace last_words_test {

using namespace farm_test;
using isolatte::test::has_nats_server;

constexpr int messages = 64;
constexpr std::size_t message_size = 128 * 1024;

struct silent final : nats::link::link_events {
  void link_up(const nats::link::server_info&) override {}
  void link_down(const error_code&, const std::string&) override {}
  void link_refused(const error_code&, const std::string&) override {}
  void link_violation(const std::string&, const std::string&) override {}
};

BOOST_AUTO_TEST_SUITE(last_words, *boost::unit_test::precondition(has_nats_server))

// The other start of the program runs this case alone.
BOOST_AUTO_TEST_CASE(publish_and_exit, *boost::unit_test::disabled()) {
  const char* const url = std::getenv(host_process::url_variable);
  // A selection of the whole suite includes this case.
  if (url == nullptr) return;
  asio::io_context context;
  silent events;
  nats::link::link_options options;
  options.servers = {url};
  auto const link = nats::link::server_link::make(context.get_executor(), options);
  link->start(events);
  while (!link->is_up()) context.run_one();
  std::vector<std::byte> const data(message_size);
  for (int i = 0; i != messages; ++i) BOOST_TEST_REQUIRE(!link->publish("last", {}, {}, data));
  link->stop();
  std::exit(0);
}

BOOST_AUTO_TEST_CASE(arrive_although_the_program_exits_at_once) {
  farm_world world;
  world.watcher.emplace(world.context, world.server.url());
  int arrived = 0;
  world.watcher->link().subscribe("last", [&](auto what) {
    for (auto const& each : what) arrived += each.data().size() == message_size ? 1 : 0;
  });
  // The server has the subscription by then.
  world.watcher->ask("$JS.API.INFO");
  host_process::process last{"last_words/publish_and_exit", world.server.url()};
  BOOST_TEST(last.wait() == 0);
  world.until([&] { return arrived == messages; });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace last_words_test
