// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "farm/farm_fixture.hpp"
#include "farm/host_fixture.hpp"
#include "farm/host_process.hpp"
#include "support/nothing_left.hpp"

#include <isolatte.hpp>
#include <isolatte/nats.hpp>

#include <boost/asio.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace farm_hosts_test {

using namespace host_fixture;

BOOST_AUTO_TEST_SUITE(farm_hosts, *boost::unit_test::precondition(has_nats_server))

// The other start of the program runs this case alone.
BOOST_AUTO_TEST_CASE(serve_in_another_process, *boost::unit_test::disabled()) {
  // A selection of the whole suite includes this case.
  if (std::getenv(host_process::url_variable) == nullptr) return;
  BOOST_TEST(host_process::serve() == 0);
}

BOOST_FIXTURE_TEST_CASE(run_jobs_and_count_them, hosting) {
  serve();
  for (int i = 0; i != 100; ++i) run(call(twice, i));
  until_done();
  check_all_returned();
  for (int i = 0; i != 100; ++i)
    BOOST_TEST(results[static_cast<std::size_t>(i)]->what.value() == 2 * i);
  auto const name = results.front()->what.host();
  BOOST_TEST(name.ends_with("/" + std::to_string(::getpid())), name);
  // The farm may have the results before the host knows that the server has them.
  until([&] { return host->stats().done == 100; });
  auto const stats = host->stats();
  BOOST_TEST(stats.taken == 100U);
  BOOST_TEST(stats.again == 0U);
  BOOST_TEST(stats.fenced == 0U);
  BOOST_TEST(stats.refused == 0U);
  int refused = 0;
  host->async_serve([&refused](boost::system::error_code ec) {
    refused += ec == isolatte::error::already_waiting ? 1 : 0;
  });
  until([&] { return refused == 1; });
  stop.emit(asio::cancellation_type::total);
  until([&] { return served == 1; });
  BOOST_TEST((ended_with == asio::error::operation_aborted));
  // And again.
  serve();
  BOOST_TEST(run(call(twice, 4)).ec.message() != "");
  until_done();
  BOOST_TEST(results.back()->what.value() == 8);
}

BOOST_FIXTURE_TEST_CASE(that_are_idle_keep_no_event_loop_at_work, hosting) {
  pool.stop();
  jobs.reset();
  context.run();
  BOOST_TEST(context.stopped());
}

BOOST_FIXTURE_TEST_CASE(that_are_destroyed_kill_what_they_run, hosting) {
  serve();
  auto& job = run(call(take, log, 1, 3'600'000));
  until([&] { return count("begun") == 1; });
  int const worker = lines(log).front().worker;
  host.reset();
  until([&] { return served == 1; });
  until([&] { return !isolatte::test::alive(worker); });
  BOOST_TEST((ended_with == asio::error::operation_aborted));
  jobs->stop();
  until_done();
  BOOST_TEST(host_process::is_given_up(job.ec));
}

BOOST_FIXTURE_TEST_CASE(that_are_destroyed_acknowledge_what_they_have_told, hosting) {
  farm_test::observer watcher{context, server.url()};
  for (int i = 0; i != 20; ++i) {
    host.emplace(pool, options());
    serve();
    run(call(twice, i));
    until_done();
    // The farm may have the result before the host knows that the server has it.
    host.reset();
    // No host is there that could run the job again.
    while (farm_test::number_in(watcher.ask("$JS.API.STREAM.INFO.ISOLATTE_farm_JOBS"),
                                "messages") != 0) {
    }
    until([&] { return served == i + 1; });
  }
  check_all_returned();
}

BOOST_FIXTURE_TEST_CASE(that_end_at_once_leave_their_jobs_to_others, hosting_for_short_leases) {
  serve();
  run(call(take, log, 1, 3'600'000));
  until([&] { return count("begun") == 1; });
  int const worker = lines(log).front().worker;
  stop.emit(asio::cancellation_type::terminal);
  until([&] { return served == 1 && !isolatte::test::alive(worker); });
  auto const other = world::host();
  until([&] { return count("begun") == 2; });
  BOOST_TEST(lines(log).back().host == other->pid());
}

BOOST_FIXTURE_TEST_CASE(give_back_what_waits_when_they_drain, hosting) {
  serve();
  local_job local{*this};
  run(call(twice, 21));
  until([&] { return host->stats().taken == 1; });
  stop.emit(asio::cancellation_type::total);
  until([&] { return served == 1; });
  auto const other = world::host();
  until_done();
  check_all_returned();
  BOOST_TEST(results.front()->what.host().ends_with("/" + std::to_string(other->pid())));
  local.end();
}

BOOST_FIXTURE_TEST_CASE(let_go_of_jobs_that_are_cancelled, hosting) {
  // In the stream.
  asio::cancellation_signal first;
  run(call(take, log, 1, 0), {}, first.slot());
  first.emit(asio::cancellation_type::terminal);
  until_done();
  BOOST_TEST((results[0]->ec == asio::error::operation_aborted));
  BOOST_TEST(results[0]->what.how() == ending::not_started);
  BOOST_TEST((results[0]->what.ran() == ran::no));
  // In a worker.
  serve();
  asio::cancellation_signal second;
  run(call(take, log, 2, 3'600'000), {}, second.slot());
  until([&] { return count("begun") == 1; });
  int const worker = lines(log).front().worker;
  // In the stream, too, or in the host, which may ask for more than its worker has.
  asio::cancellation_signal third;
  run(call(take, log, 3, 0), {}, third.slot());
  third.emit(asio::cancellation_type::terminal);
  until([&] { return done == 2; });
  BOOST_TEST(results[2]->what.how() == ending::not_started);
  BOOST_TEST((results[2]->what.ran() == ran::no));
  second.emit(asio::cancellation_type::terminal);
  until_done();
  BOOST_TEST((results[1]->ec == asio::error::operation_aborted));
  BOOST_TEST(results[1]->what.how() == ending::cancelled);
  BOOST_TEST((results[1]->what.ran() == ran::yes));
  until([&] { return !isolatte::test::alive(worker); });
  BOOST_TEST(count("begun") == 1U);
}

BOOST_FIXTURE_TEST_CASE(let_go_of_jobs_that_wait_in_the_pool, hosting) {
  serve();
  local_job local{*this};
  asio::cancellation_signal end;
  run(call(take, log, 1, 0), {}, end.slot());
  run(call(take, log, 2, 0), {.start_within = 300ms});
  until([&] { return host->stats().taken != 0; });
  end.emit(asio::cancellation_type::terminal);
  until_done();
  BOOST_TEST((results[0]->ec == asio::error::operation_aborted));
  BOOST_TEST((results[1]->ec == isolatte::error::not_in_time));
  for (auto const& each : results) {
    BOOST_TEST(each->what.how() == ending::not_started);
    BOOST_TEST((each->what.ran() == ran::no));
  }
  local.end();
  run(call(take, log, 3, 0));
  until([&] { return results[2]->what.has_value(); });
  BOOST_TEST(count("done") == 1U);
}

BOOST_FIXTURE_TEST_CASE(kill_their_jobs_when_the_server_is_away, hosting_for_short_leases) {
  serve();
  run(call(last_at_first, log, 1));
  until([&] { return count("begun") == 1; });
  int const worker = lines(log).front().worker;
  server.pause();
  until([&] { return !isolatte::test::alive(worker); });
  BOOST_TEST(host->stats().fenced == 1U);
  server.resume();
  until_done();
  check_all_returned();
  BOOST_TEST(count("begun") == 2U);
  BOOST_TEST(count("done") == 1U);
  BOOST_TEST(host->stats().taken == 2U);
  BOOST_TEST(host->stats().again == 1U);
  until([&] { return host->stats().done == 1; });
}

BOOST_FIXTURE_TEST_CASE(run_no_jobs_of_other_code, hosting) {
  serve();
  auto opts = options();
  opts.code = "other";
  farm others{context, opts};
  bool is_done = false;
  asio::cancellation_signal end;
  others.async_run(
      call(take, log, 1, 0),
      asio::bind_cancellation_slot(end.slot(), [&](boost::system::error_code, outcome<int> what) {
        is_done = true;
        BOOST_TEST((what.ran() == ran::no));
      }));
  for (int i = 0; i != 10; ++i) run(call(twice, i));
  until_done();
  check_all_returned();
  BOOST_TEST(!is_done);
  BOOST_TEST(count("begun") == 0U);
  end.emit(asio::cancellation_type::terminal);
  until([&] { return is_done; });
}

BOOST_FIXTURE_TEST_CASE(serve_nothing_in_a_copy_of_the_program, hosting) {
  serve();
  run(call(take, log, 1, 500));
  until([&] { return count("begun") == 1; });
  context.notify_fork(asio::execution_context::fork_prepare);
  int const copy = ::fork();
  BOOST_TEST_REQUIRE(copy != -1);
  if (copy == 0) {
    context.notify_fork(asio::execution_context::fork_child);
    until([&] { return served == 1; });
    bool const is_aborted = ended_with == asio::error::operation_aborted;
    host.reset();
    ::_exit(is_aborted ? 0 : 1);
  }
  context.notify_fork(asio::execution_context::fork_parent);
  int status = -1;
  BOOST_TEST(::waitpid(copy, &status, 0) == copy);
  BOOST_TEST(status == 0);
  until_done();
  check_all_returned();
  BOOST_TEST(served == 0);
  BOOST_TEST(count("begun") == 1U);
}

BOOST_FIXTURE_TEST_CASE(say_that_a_result_is_too_large, hosting) {
  serve();
  bool is_done = false;
  jobs->async_run(call(large, std::size_t{4} << 20), [&](boost::system::error_code ec,
                                                         outcome<std::string> what) {
    is_done = true;
    BOOST_TEST(!ec, ec.message());
    BOOST_TEST(what.how() == ending::undelivered);
    BOOST_TEST((what.ran() == ran::yes));
    std::ostringstream text;
    text << what;
    BOOST_TEST(text.str().find("larger than a message") != std::string::npos, text.str());
  });
  until([&] { return is_done; });
  run(call(twice, 1));
  until_done();
  check_all_returned();
}

BOOST_FIXTURE_TEST_CASE(share_the_jobs, world) {
  auto const a = host();
  auto const b = host();
  for (int i = 0; i != 200; ++i) run(call(take, log, i, 5));
  until_done();
  check_all_returned();
  std::set<std::string> hosts;
  for (auto const& each : results) hosts.insert(each->what.host());
  BOOST_TEST(hosts.size() == 2U);
  BOOST_TEST(begun_again() == 0U);
}

BOOST_FIXTURE_TEST_CASE(that_are_killed_lose_no_job, world_of_short_leases) {
  auto const a = host();
  auto const b = host();
  for (int i = 0; i != 100; ++i) run(call(take, log, i, 20));
  until([&] { return done >= 20; });
  a->signal(SIGKILL);
  until_done();
  check_all_returned();
  // Its two workers' jobs, and those that were done and not acknowledged.
  BOOST_TEST(begun_again() <= 6U);
}

BOOST_FIXTURE_TEST_CASE(that_are_told_to_end_run_nothing_twice, world) {
  auto const a = host();
  for (int i = 0; i != 100; ++i) run(call(take, log, i, 10));
  until([&] { return done >= 20; });
  auto const b = host();
  until([&] {
    return std::ranges::any_of(lines(log), [&](auto const& each) { return each.host == b->pid(); });
  });
  a->signal(SIGTERM);
  until([&] { return a->has_ended(); });
  BOOST_TEST(a->wait() == 0);
  until_done();
  check_all_returned();
  BOOST_TEST(begun_again() == 0U);
}

BOOST_FIXTURE_TEST_CASE(lose_no_job_when_the_server_is_killed, world_of_short_leases) {
  auto const a = host();
  for (int i = 0; i != 100; ++i) run(call(take, log, i, 20));
  until([&] { return done >= 20; });
  server.kill();
  server.start();
  until_done();
  check_all_returned();
}

BOOST_FIXTURE_TEST_CASE(lose_no_job_when_the_server_loses_its_store, world_of_short_leases) {
  auto const a = host();
  for (int i = 0; i != 100; ++i) run(call(take, log, i, 20));
  until([&] { return done >= 20; });
  server.kill();
  server.delete_store();
  server.start();
  until_done();
  check_all_returned();
}

BOOST_FIXTURE_TEST_CASE(survive_a_job_that_kills_hosts, world_of_short_leases) {
  std::vector<std::unique_ptr<host_process::process>> hosts;
  for (int i = 0; i != 4; ++i) hosts.push_back(host(1));
  auto& twice_lost = run(call(kill_host, log, 1), {.max_hosts = 2});
  until_done();
  BOOST_TEST(twice_lost.what.how() == ending::lost);
  BOOST_TEST((twice_lost.what.ran() == ran::unknown));
  BOOST_TEST(count("begun") == 2U);
  auto& once_lost = run(call(kill_host, log, 2), {.max_hosts = 1});
  until_done();
  BOOST_TEST(once_lost.what.how() == ending::lost);
  BOOST_TEST((once_lost.what.ran() == ran::unknown));
  BOOST_TEST(count("begun") == 3U);
  run(call(twice, 21));
  until_done();
  BOOST_TEST(results.back()->what.value() == 42);
}

BOOST_FIXTURE_TEST_CASE(that_are_stopped_have_no_workers_when_another_host_begins,
                        world_of_short_leases) {
  auto const a = host(1);
  run(call(take, log, 1, 3'600'000));
  until([&] { return count("begun") == 1; });
  int const worker = lines(log).front().worker;
  auto const b = host(1);
  a->signal(SIGSTOP);
  until([&] { return !isolatte::test::alive(worker) || count("begun") != 1; });
  BOOST_TEST(count("begun") == 1U);
  until([&] { return count("begun") == 2; });
  BOOST_TEST(lines(log).back().host == b->pid());
  a->signal(SIGCONT);
  // The job of a worker that was killed has no end there.
  run(call(take, log, 2, 0));
  until([&] { return done == 1; });
  BOOST_TEST(results[1]->what.has_value());
  BOOST_TEST(done == 1U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace farm_hosts_test
