// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// Jobs of a pool that are run for somebody else, who hears which process has each of them.

#include "gate.hpp"
#include "helpers.hpp"
#include "support/nothing_left.hpp"

#include <isolatte/call.hpp>
#include <isolatte/worker_pool.hpp>

#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <unistd.h>

namespace relayed_jobs_test {

namespace asio = boost::asio;
using boost::system::error_code;
using isolatte::call;
using isolatte::ending;
using isolatte::detail::pool_handle;
using isolatte::detail::relayed_job;
using isolatte::detail::report;
using namespace isolatte::test;

/// A job, and what its witness and its handler have been told.
struct relayed {
  struct witness final : isolatte::detail::job_witness {
    explicit witness(relayed& of) noexcept : told{of} {}
    void given(int pid) noexcept override { told.pids.push_back(pid); }
    void taken_back() noexcept override { ++told.returns; }
    void kept() noexcept override { ++told.refusals; }
    relayed& told;
  };

  template <class Call>
  void start(pool_handle& pool, const Call& what) {
    job = pool.relay(isolatte::detail::encode_call(what), {}, std::make_shared<witness>(*this),
                     [this](const error_code& error, report how) {
                       ++calls;
                       ec = error;
                       summary = std::move(how.summary);
                     });
  }

  std::shared_ptr<relayed_job> job;
  std::vector<int> pids;
  int returns = 0;
  int refusals = 0;
  int calls = 0;
  error_code ec;
  isolatte::run_summary summary;
};

struct fixture : nothing_left {
  asio::io_context context;
  std::optional<pool_handle> pool{std::in_place, context.get_executor(),
                                  isolatte::pool_options{.workers = 1}};

  template <class Condition>
  void run_until(Condition holds) {
    while (!holds()) BOOST_REQUIRE(context.run_one() == 1u);
  }
  ~fixture() {
    pool.reset();
    context.run();
  }
};

void say_and_hang(int to) {
  write_all(to, ".");
  hang();
}

BOOST_FIXTURE_TEST_SUITE(relayed_jobs, fixture)

BOOST_AUTO_TEST_CASE(its_witness_knows_the_process) {
  BOOST_TEST((pool->get_executor() == context.get_executor()));
  relayed one;
  one.start(*pool, call([] { return 5; }));
  run_until([&] { return one.calls != 0; });
  BOOST_TEST(!one.ec, one.ec.message());
  BOOST_TEST(one.summary.how == ending::returned);
  BOOST_REQUIRE(one.pids.size() == 1u);
  BOOST_TEST(one.pids.front() == one.summary.pid);
  // A job that is done is neither cancelled nor withdrawn.
  one.job->withdraw();
  one.job->cancel(asio::cancellation_type::terminal);
  context.poll();
  BOOST_TEST(one.calls == 1);
  BOOST_TEST(one.refusals == 0);
}

BOOST_AUTO_TEST_CASE(one_that_waits_is_withdrawn) {
  relayed runs;
  relayed waits;
  runs.start(*pool, call([] { hang(); }));
  waits.start(*pool, call([] {}));
  waits.job->withdraw();
  run_until([&] { return waits.calls != 0; });
  BOOST_TEST(waits.ec == asio::error::operation_aborted);
  BOOST_TEST(waits.summary.how == ending::not_started);
  BOOST_TEST(waits.pids.size() == static_cast<std::size_t>(waits.returns));
  BOOST_TEST(waits.refusals == 0);
  BOOST_TEST(runs.calls == 0);
  runs.job->cancel(asio::cancellation_type::terminal);
  run_until([&] { return runs.calls != 0; });
}

BOOST_AUTO_TEST_CASE(one_that_a_worker_has_begun_goes_on_until_it_is_cancelled) {
  wire began;
  pool.emplace(context.get_executor(),
               isolatte::pool_options{.workers = 1, .worker = {.keep = {began.write_end()}}});
  relayed one;
  one.start(*pool, call(say_and_hang, began.write_end()));
  run_until([&] { return !one.pids.empty(); });
  context.poll();
  BOOST_REQUIRE(began.await());
  one.job->withdraw();
  run_until([&] { return one.refusals != 0; });
  BOOST_TEST(one.calls == 0);
  one.job->cancel(asio::cancellation_type::terminal);
  run_until([&] { return one.calls != 0; });
  BOOST_TEST(one.ec == asio::error::operation_aborted);
  BOOST_TEST(one.summary.how == ending::cancelled);
  BOOST_TEST(one.refusals == 1);
}

BOOST_AUTO_TEST_CASE(what_it_is_told_after_its_pool_has_gone_is_too_late) {
  relayed one;
  one.start(*pool, call([] { hang(); }));
  pool.reset();
  context.run();
  BOOST_TEST(one.calls == 1);
  BOOST_TEST(one.ec == asio::error::operation_aborted);
  one.job->withdraw();
  one.job->cancel(asio::cancellation_type::terminal);
  context.restart();
  context.poll();
  BOOST_TEST(one.calls == 1);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace relayed_jobs_test
