// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// The numbers that Prometheus reads.

#include "helpers.hpp"
#include "remembered.hpp"
#include "support/nothing_left.hpp"

#include <isolatte.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <map>
#include <optional>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <string>

#include <signal.h>

namespace metrics_test {

namespace asio = boost::asio;
using boost::system::error_code;
using isolatte::call;
using namespace isolatte::test;

/// The samples by name and labels. Each line is checked to be one of the format.
std::map<std::string, double> samples_of(const std::string& text) {
  static const std::regex form{
      R"(([a-z_]+(?:\{[a-z]+="[^"\\]*"(?:,[a-z]+="[^"\\]*")*\})?) ([0-9.e+-]+))"};
  std::map<std::string, double> samples;
  std::istringstream lines{text};
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# HELP ") || line.starts_with("# TYPE ")) continue;
    std::smatch parts;
    BOOST_TEST_CONTEXT(line) BOOST_REQUIRE(std::regex_match(line, parts, form));
    BOOST_TEST(samples.emplace(parts[1], std::stod(parts[2])).second);
  }
  return samples;
}

struct fixture : nothing_left {
  asio::io_context context;
  isolatte::prometheus_metrics metrics;

  void run() {
    context.restart();
    context.run();
  }
  double sample(const std::string& name) const {
    auto const all = samples_of(metrics.text());
    auto const place = all.find(name);
    return place == all.end() ? -1 : place->second;
  }
};

BOOST_FIXTURE_TEST_SUITE(metrics, fixture)

BOOST_AUTO_TEST_CASE(without_jobs_there_are_no_samples_but_the_workers) {
  BOOST_TEST(samples_of(metrics.text()).size() == 1u);
  BOOST_TEST(sample("isolatte_workers") == 0);
}

BOOST_AUTO_TEST_CASE(endings_signals_and_times_are_counted) {
  remembered<int> done;
  remembered<void> threw;
  remembered<void> killed;
  isolatte::async_fork(context, [] { return 1; }, done.handler());
  isolatte::async_fork(context, [] { throw std::runtime_error{"no"}; }, threw.handler());
  isolatte::async_fork(context, [] { ::raise(SIGKILL); }, killed.handler());
  BOOST_TEST(sample(R"(isolatte_jobs_running{launcher="fork"})") == 3);
  run();
  BOOST_TEST(sample(R"(isolatte_jobs_running{launcher="fork"})") == 0);
  BOOST_TEST(sample(R"(isolatte_jobs_queued{launcher="fork"})") == 0);
  for (auto const* const how : {"returned", "threw", "killed"})
    BOOST_TEST(
        sample(std::string{R"(isolatte_jobs_total{launcher="fork",ending=")"} + how + "\"}") == 1);
  BOOST_TEST(sample(R"(isolatte_job_signals_total{launcher="fork",signal="SIGKILL"})") == 1);
  BOOST_TEST(sample(R"(isolatte_job_run_seconds_count{launcher="fork"})") == 3);
  BOOST_TEST(sample(R"(isolatte_job_run_seconds_bucket{launcher="fork",le="+Inf"})") == 3);
  BOOST_TEST(sample(R"(isolatte_job_run_seconds_sum{launcher="fork"})") > 0);
  BOOST_TEST(sample(R"(isolatte_job_queue_seconds_count{launcher="fork"})") == 3);
  BOOST_TEST(sample(R"(isolatte_job_cpu_seconds_total{launcher="fork",mode="system"})") >= 0);
}

BOOST_AUTO_TEST_CASE(the_buckets_of_a_histogram_grow) {
  remembered<int> done;
  isolatte::async_fork(context, [] { return 1; }, done.handler());
  run();
  double last = -1;
  std::istringstream lines{metrics.text()};
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("isolatte_job_run_seconds_bucket")) continue;
    double const now = std::stod(line.substr(line.rfind(' ')));
    BOOST_TEST(now >= last);
    last = now;
  }
  BOOST_TEST(last == 1);
}

BOOST_AUTO_TEST_CASE(jobs_of_a_pool_and_its_workers_are_counted_apart) {
  remembered<int> running;
  std::optional<isolatte::worker_pool> pool;
  pool.emplace(context, isolatte::pool_options{.workers = 1});
  pool->async_run(call([] { return 1; }), running.handler());
  BOOST_TEST(sample(R"(isolatte_jobs_queued{launcher="pool"})") == 1);
  // A worker's first reply can overtake the news of its start.
  while (running.calls == 0 || sample("isolatte_workers") != 1)
    BOOST_REQUIRE(context.run_one() != 0u);
  pool->stop();
  run();
  BOOST_TEST(sample("isolatte_workers") == 0);
  BOOST_TEST(sample(R"(isolatte_jobs_total{launcher="pool",ending="returned"})") == 1);
  auto const text = metrics.text();
  BOOST_TEST(text.find("launcher=\"worker\"") == text.npos);
  BOOST_TEST(text.find("isolatte_workers_ended_total{ending=") != text.npos);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace metrics_test
