// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// Hosts for which a test needs many jobs, or jobs that last. CI has no time for these.

#include "farm/farm_fixture.hpp"
#include "farm/host_fixture.hpp"
#include "nats/link/server_link.hpp"
#include "nats/wire/parcel.hpp"

#include <isolatte.hpp>
#include <isolatte/detail/task/distant_call.hpp>
#include <isolatte/nats.hpp>

#include <boost/asio.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace long_runs_test {

using namespace host_fixture;

BOOST_AUTO_TEST_SUITE(long_runs, *boost::unit_test::precondition(has_nats_server))

BOOST_FIXTURE_TEST_CASE(complete_once_when_a_cancellation_races_with_the_end, hosting) {
  serve();
  std::size_t returned = 0;
  for (int i = 0; i != 1000; ++i) {
    asio::cancellation_signal late;
    auto const& job = run(call(twice, i), {}, late.slot());
    auto const steps = i % 40;
    for (int step = 0; step != steps; ++step) context.run_one_for(1ms);
    late.emit(asio::cancellation_type::terminal);
    until_done();
    returned += job.what.has_value() ? 1U : 0U;
    BOOST_REQUIRE((job.what.has_value() || job.ec == asio::error::operation_aborted));
  }
  BOOST_TEST(done == 1000U);
  BOOST_TEST_MESSAGE(returned << " of 1000 jobs had ended before");
}

struct silent final : isolatte::nats::link::link_events {
  void link_up(const isolatte::nats::link::server_info&) override {}
  void link_down(const boost::system::error_code&, const std::string&) override {}
  void link_refused(const boost::system::error_code&, const std::string&) override {}
  void link_violation(const std::string&, const std::string&) override {}
};

BOOST_FIXTURE_TEST_CASE(refuse_messages_that_are_none, hosting_for_short_leases) {
  serve();
  // The streams are there when a job has run.
  run(call(twice, 1));
  until_done();
  silent events;
  isolatte::nats::link::link_options options;
  options.servers = {server.url()};
  auto const link = isolatte::nats::link::server_link::make(context.get_executor(), options);
  link->start(events);
  until([&] { return link->is_up(); });
  auto const id = isolatte::detail::program_build_id();
  BOOST_TEST_REQUIRE(id.has_value());
  std::string const to = "isolatte.farm.jobs." + *id;
  std::size_t const before = host->stats().refused;
  // No host is handed those again.
  farm_test::observer watcher{context, server.url()};
  for (std::string_view const what : {"", "x", "\1\1", "\1\1\1S\1"})
    BOOST_TEST(!link->publish(to, {}, {}, std::as_bytes(std::span{what.data(), what.size()})));
  until([&] { return host->stats().refused == before + 4; });
  while (farm_test::number_in(watcher.ask("$JS.API.STREAM.INFO.ISOLATTE_farm_JOBS"), "messages") !=
         0) {
  }
  // One bit each of a sound parcel is another one.
  isolatte::detail::byte_buffer sound;
  isolatte::nats::wire::parcel parcel{.submitter = "nobody", .jobs = {}};
  auto const code = isolatte::detail::encode_distant_call(call(twice, 1));
  BOOST_TEST_REQUIRE(code.has_value());
  isolatte::nats::wire::parcel_job job;
  job.decoder = code->decoder;
  job.function = code->function;
  job.arguments = code->arguments.bytes();
  job.max_hosts = 3;
  job.max_result = 100;
  parcel.jobs = {job, job};
  isolatte::nats::wire::encode(parcel, sound);
  std::size_t sent = 0;
  for (std::size_t i = 0; i != sound.size(); ++i) {
    auto const bit = std::byte{1} << static_cast<int>(i % 8);
    sound.data()[i] ^= bit;
    BOOST_TEST(!link->publish(to, {}, {}, sound.bytes()));
    sound.data()[i] ^= bit;
    ++sent;
  }
  until([&] { return host->stats().taken > sent; });
  run(call(twice, 2));
  until_done();
  check_all_returned();
  link->stop();
}

struct world_of_longer_leases : world {
  world_of_longer_leases() : world{5s} {}
};

BOOST_FIXTURE_TEST_CASE(renew_the_leases_of_long_jobs, world_of_longer_leases) {
  auto const a = host(32);
  auto const b = host(32);
  for (int i = 0; i != 64; ++i) run(call(take, log, i, 15'000));
  until_done();
  check_all_returned();
  BOOST_TEST(begun_again() == 0U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace long_runs_test
