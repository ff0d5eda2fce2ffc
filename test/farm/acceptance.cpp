// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "farm/host_fixture.hpp"

#include <isolatte.hpp>
#include <isolatte/detail/task/distant_call.hpp>
#include <isolatte/nats.hpp>

#include <boost/asio.hpp>
#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace acceptance_test {

using namespace host_fixture;
using isolatte::detail::distant_call;
using isolatte::detail::report;

BOOST_AUTO_TEST_SUITE(acceptance, *boost::unit_test::precondition(has_nats_server))

// A full queue

BOOST_FIXTURE_TEST_CASE(a_map_over_a_full_queue_runs_all, hosting) {
  auto few = options();
  few.max_queued = 20;
  jobs.emplace(context, few);
  serve();
  std::vector<int> range(300);
  std::iota(range.begin(), range.end(), 0);
  std::optional<boost::system::error_code> ended;
  std::vector<outcome<int>> all;
  // The map has more under way than the queue takes.
  isolatte::async_map(*jobs, range, twice, {.max_concurrency = 100},
                      [&](boost::system::error_code ec, std::vector<outcome<int>> done) {
                        ended = ec;
                        all = std::move(done);
                      });
  until([&] { return ended.has_value(); });
  BOOST_TEST(!*ended, ended->message());
  BOOST_TEST_REQUIRE(all.size() == range.size());
  for (std::size_t i = 0; i != all.size(); ++i)
    BOOST_TEST_REQUIRE(all[i].value() == 2 * static_cast<int>(i));
}

// Forged names of code

/// Submits a call whose names of code are altered on the way.
struct forging : hosting {
  isolatte::nats::detail::farm_handle handle{context.get_executor(), options()};

  ~forging() { handle.stop(); }

  template <class Alter>
  void check_refusal(Alter alter) {
    auto code = isolatte::detail::encode_distant_call(call(&twice, 1));
    BOOST_TEST_REQUIRE(code.has_value());
    BOOST_TEST_REQUIRE(code->function.has_value());
    alter(*code);
    bool is_done = false;
    handle.async_run(std::move(code), {}, [&](boost::system::error_code ec, report what) {
      is_done = true;
      BOOST_TEST((ec == isolatte::error::unknown_function), ec.message());
      BOOST_TEST((what.summary.how == ending::not_started));
      BOOST_TEST((what.summary.ran == ran::no));
      BOOST_TEST(what.summary.host.ends_with("/" + std::to_string(::getpid())));
    });
    until([&] { return is_done; });
  }
};

BOOST_FIXTURE_TEST_CASE(forged_names_of_code_are_refused, forging) {
  serve();
  check_refusal([](distant_call& it) { it.decoder.offset += 1; });
  check_refusal([](distant_call& it) { it.decoder.offset = ~std::uint64_t{0}; });
  check_refusal([](distant_call& it) { it.function->offset = 0; });
  check_refusal([](distant_call& it) { it.function->offset = ~std::uint64_t{0}; });
  // Another program's.
  auto const forge = [](isolatte::detail::code_name& name) {
    auto const own = name.object.bytes();
    std::vector<std::byte> bytes(own.begin(), own.end());
    bytes.front() ^= std::byte{1};
    name.object = *isolatte::detail::build_id::of(bytes);
  };
  check_refusal([&](distant_call& it) { forge(it.decoder); });
  check_refusal([&](distant_call& it) { forge(*it.function); });
  // The host lives.
  run(call(twice, 21));
  until_done();
  check_all_returned();
  BOOST_TEST(host->stats().refused == 6U);
  BOOST_TEST(served == 0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace acceptance_test
