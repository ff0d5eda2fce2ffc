// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// The trace that viewers show: it is JSON, and has each job in the row of its worker.

#include "helpers.hpp"
#include "remembered.hpp"
#include "support/nothing_left.hpp"

#include <isolatte.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/property_tree/json_parser.hpp>
#include <boost/property_tree/ptree.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <streambuf>
#include <string>
#include <utility>
#include <vector>

#include <signal.h>
#include <unistd.h>

namespace trace_events_test {

namespace asio = boost::asio;
using boost::property_tree::ptree;
using boost::system::error_code;
using isolatte::call;
using namespace isolatte::test;

/// The events of a trace.
std::vector<ptree> events_of(const std::string& text) {
  std::istringstream from{text};
  ptree all;
  boost::property_tree::read_json(from, all);
  std::vector<ptree> events;
  for (auto& [key, event] : all) events.push_back(std::move(event));
  return events;
}

std::string get(const ptree& event, const std::string& path) {
  return event.get<std::string>(path, "none");
}

std::vector<ptree> of_phase(const std::vector<ptree>& all, const std::string& phase) {
  std::vector<ptree> some;
  std::copy_if(all.begin(), all.end(), std::back_inserter(some),
               [&](const ptree& each) { return get(each, "ph") == phase; });
  return some;
}

struct fixture : nothing_left {
  asio::io_context context;
  std::ostringstream text;
  std::optional<isolatte::trace_event_writer> trace{text};

  void run() {
    context.restart();
    context.run();
  }
  std::vector<ptree> end() {
    trace.reset();
    return events_of(text.str());
  }
};

BOOST_FIXTURE_TEST_SUITE(trace_events, fixture)

BOOST_AUTO_TEST_CASE(a_trace_without_jobs_is_a_trace) {
  auto const all = end();
  BOOST_REQUIRE(all.size() == 1u);
  BOOST_TEST(get(all[0], "ph") == "M");
}

BOOST_AUTO_TEST_CASE(a_job_is_a_slice_with_the_name_of_its_ending) {
  remembered<int> done;
  remembered<void> crashed;
  isolatte::async_fork(context, [] { return 1; }, done.handler());
  run();
  isolatte::async_fork(context, [] { ::raise(SIGKILL); }, crashed.handler());
  run();
  auto const slices = of_phase(end(), "X");
  BOOST_REQUIRE(slices.size() == 2u);
  BOOST_TEST(get(slices[0], "name") == "returned");
  BOOST_TEST(get(slices[0], "cat") == "fork");
  BOOST_TEST(get(slices[0], "args.pid") == std::to_string(done.what.pid()));
  BOOST_TEST(slices[0].get<double>("dur") > 0);
  BOOST_TEST(get(slices[1], "name") == "killed");
  BOOST_TEST(get(slices[1], "args.signal") == "SIGKILL");
  // One after the other: in the same row.
  BOOST_TEST(get(slices[0], "tid") == get(slices[1], "tid"));
  BOOST_TEST(slices[1].get<double>("ts") >=
             slices[0].get<double>("ts") + slices[0].get<double>("dur") - 0.001);
}

BOOST_AUTO_TEST_CASE(jobs_at_once_have_rows_of_their_own) {
  constexpr int count = 4;
  remembered<int> done[count];
  for (auto& each : done) isolatte::async_fork(context, [] { return 1; }, each.handler());
  run();
  auto const all = end();
  std::map<std::string, std::vector<std::pair<double, double>>> rows;
  for (auto const& slice : of_phase(all, "X"))
    rows[get(slice, "tid")].emplace_back(slice.get<double>("ts"), slice.get<double>("dur"));
  // All have started before the loop runs, and so before any of them is told to be complete.
  BOOST_TEST(rows.size() == static_cast<std::size_t>(count));
  for (auto& [row, slices] : rows) {
    std::sort(slices.begin(), slices.end());
    for (std::size_t i = 1; i < slices.size(); ++i)
      BOOST_TEST(slices[i].first >= slices[i - 1].first + slices[i - 1].second - 0.001);
  }
  // Each row has a name, besides the process.
  BOOST_TEST(of_phase(all, "M").size() == rows.size() + 1);
}

BOOST_AUTO_TEST_CASE(a_worker_has_a_row_that_its_successor_goes_on_with) {
  {
    isolatte::worker_pool pool{context, {.workers = 1}};
    remembered<void> crashed;
    remembered<int> next;
    pool.async_run(call([] { ::raise(SIGKILL); }), crashed.handler());
    pool.async_run(call([] { return 5; }), next.handler());
    pool.async_drain([&](error_code) { pool.stop(); });
    run();
  }
  auto const all = end();
  auto const slices = of_phase(all, "X");
  BOOST_REQUIRE(slices.size() == 2u);
  BOOST_TEST(get(slices[0], "tid") == get(slices[1], "tid"));
  BOOST_TEST(get(slices[0], "args.generation") != get(slices[1], "args.generation"));
  bool is_named = false;
  for (auto const& each : of_phase(all, "M"))
    is_named = is_named || get(each, "args.name").ends_with(", slot 0");
  BOOST_TEST(is_named);
  // Spans come in pairs, and there is one for each worker at least.
  auto const begins = of_phase(all, "b");
  BOOST_TEST(begins.size() == of_phase(all, "e").size());
  BOOST_TEST(std::count_if(begins.begin(), begins.end(),
                           [](const ptree& each) { return get(each, "cat") == "worker"; }) >= 2);
}

BOOST_AUTO_TEST_CASE(a_job_that_did_not_start_is_no_slice) {
  remembered<void> done;
  isolatte::async_execute(context, {.executable = "/no/such/\"program\""}, done.handler());
  run();
  auto const all = end();
  BOOST_TEST(of_phase(all, "X").empty());
  auto const waits = of_phase(all, "b");
  BOOST_REQUIRE(waits.size() == 1u);
  BOOST_TEST(get(waits[0], "args.ending") == "not_started");
  BOOST_TEST(get(waits[0], "args.error") == done.ec.message());
}

BOOST_AUTO_TEST_CASE(a_stream_that_fails_harms_no_job) {
  struct failing : std::streambuf {
  } buffer;
  std::ostream stream{&buffer};
  stream.exceptions(std::ios::badbit);
  BOOST_CHECK_THROW(isolatte::trace_event_writer{stream}, std::ios_base::failure);
  stream.exceptions(std::ios::goodbit);
  {
    isolatte::trace_event_writer const lost{stream};
    remembered<int> done;
    isolatte::async_fork(context, [] { return 1; }, done.handler());
    run();
    BOOST_TEST(done.what.value_or(0) == 1);
  }
  BOOST_TEST(!stream);
}

BOOST_AUTO_TEST_CASE(endings_have_colours) {
  remembered<void> done;
  auto const run_one = [&](void (*body)(), isolatte::options opts = {}) {
    isolatte::async_fork(context, body, std::move(opts), done.handler());
    run();
  };
  run_one([] {});
  run_one([] { ::_exit(3); });
  run_one([] { throw std::runtime_error{"no"}; });
  run_one([] {
    // With the channel.
    for (int fd = 3; fd != 1024; ++fd) ::close(fd);
  });
  run_one([] { hang(); }, {.timeout = std::chrono::milliseconds{1}});
  {
    auto child = isolatte::spawn_child(context, [] { hang(); });
    child.async_wait(done.handler());
    child.terminate();
    run();
  }
  run_one([] { ::raise(SIGKILL); });
  std::vector<std::pair<std::string, std::string>> found;
  for (auto const& slice : of_phase(end(), "X"))
    found.emplace_back(get(slice, "name"), get(slice, "cname"));
  std::vector<std::pair<std::string, std::string>> const expected{
      {"returned", "good"},   {"exited", "grey"},      {"threw", "bad"},
      {"undelivered", "bad"}, {"timed_out", "yellow"}, {"cancelled", "yellow"},
      {"killed", "terrible"}};
  BOOST_TEST((found == expected));
}

/// A stream that fails for a while.
struct blocked_stream : std::stringbuf {
  std::streamsize xsputn(const char* bytes, std::streamsize count) override {
    return is_blocked ? 0 : std::stringbuf::xsputn(bytes, count);
  }
  bool is_blocked = false;
};

BOOST_AUTO_TEST_CASE(a_trace_says_how_many_events_it_lacks) {
  blocked_stream buffer;
  std::ostream stream{&buffer};
  stream.exceptions(std::ios::badbit);
  std::optional<isolatte::trace_event_writer> lacking{std::in_place, stream};
  remembered<int> done;
  buffer.is_blocked = true;
  isolatte::async_fork(context, [] { return 1; }, done.handler());
  run();
  BOOST_TEST(done.what.value_or(0) == 1);
  buffer.is_blocked = false;
  stream.clear();
  lacking.reset();
  auto const all = events_of(buffer.str());
  BOOST_TEST(get(all.back(), "name").starts_with("events lost: "));
  BOOST_TEST(get(all.back(), "name") != "events lost: 0");
}

BOOST_AUTO_TEST_CASE(the_end_of_a_trace_may_be_lost) {
  blocked_stream buffer;
  std::ostream stream{&buffer};
  stream.exceptions(std::ios::badbit);
  std::optional<isolatte::trace_event_writer> lacking{std::in_place, stream};
  buffer.is_blocked = true;
  BOOST_CHECK_NO_THROW(lacking.reset());
  BOOST_TEST(stream.bad());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace trace_events_test
