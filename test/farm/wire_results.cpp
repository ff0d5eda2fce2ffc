// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "nats/wire/results.hpp"
#include "wire_samples.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <string_view>

namespace wire_results_test {

using namespace wire_samples;
using isolatte::detail::payload_kind;
using isolatte::detail::report;

bool same(const isolatte::resource_usage& a, const isolatte::resource_usage& b) {
  return a.wall == b.wall && a.user == b.user && a.system == b.system &&
         a.max_resident_bytes == b.max_resident_bytes && a.minor_faults == b.minor_faults &&
         a.major_faults == b.major_faults && a.voluntary_switches == b.voluntary_switches &&
         a.involuntary_switches == b.involuntary_switches;
}
bool same(const isolatte::fault_info& a, const isolatte::fault_info& b) {
  return a.signal == b.signal && a.code == b.code && a.address == b.address && a.trace == b.trace &&
         a.stack_overflow == b.stack_overflow && a.system_call == b.system_call;
}
bool same(const isolatte::captured_text& a, const isolatte::captured_text& b) {
  return a.text == b.text && a.truncated == b.truncated;
}
bool same(const report& left, const report& right) {
  auto const& a = left.summary;
  auto const& b = right.summary;
  bool const faults = a.fault && b.fault ? same(*a.fault, *b.fault) : !a.fault && !b.fault;
  return faults && a.how == b.how && a.ran == b.ran && a.exit_code == b.exit_code &&
         a.signal == b.signal && a.core_dumped == b.core_dumped && a.pid == b.pid &&
         same(a.usage, b.usage) && same(a.out, b.out) && same(a.err, b.err) &&
         a.reason == b.reason && a.worker == b.worker && a.gaps == b.gaps &&
         left.kind == right.kind && std::ranges::equal(left.payload.bytes(), right.payload.bytes());
}
bool same_result(const wire::job_result& a, const wire::job_result& b) {
  bool const reports = a.report && b.report ? same(*a.report, *b.report) : !a.report && !b.report;
  return reports && a.ec == b.ec && a.number == b.number && a.attempt == b.attempt &&
         a.kind == b.kind && a.deliveries == b.deliveries && a.holder == b.holder &&
         a.reason == b.reason && a.is_over_limit == b.is_over_limit;
}

std::size_t unlimited(std::uint64_t) { return SIZE_MAX; }

wire::results with_payload(payload_kind kind, std::size_t size) {
  wire::results made{"host", {}};
  wire::job_result result;
  result.number = 7;
  result.kind = logic::told::report;
  result.report = std::make_unique<report>();
  result.report->kind = kind;
  result.report->payload.resize(size);
  std::fill_n(result.report->payload.data(), size, std::byte{'p'});
  made.jobs.push_back(std::move(result));
  return made;
}

BOOST_AUTO_TEST_SUITE(wire_results)

BOOST_AUTO_TEST_CASE(arrive_as_they_were_sent) {
  maker make{2};
  for (int i = 0; i != 3000; ++i) {
    auto const sent = make.results();
    auto const message = encoded(sent);
    auto const read = wire::decode_results(message, &unlimited);
    BOOST_REQUIRE_MESSAGE(read.message, read.reason);
    BOOST_TEST(read.message->host == sent.host);
    BOOST_REQUIRE(std::ranges::equal(read.message->jobs, sent.jobs, &same_result));
    std::size_t size = 0;
    for (auto const& result : sent.jobs) size += wire::size_in_results(result);
    BOOST_TEST(message.size() == size + 4 + sent.host.size());
    BOOST_TEST(message.size() <= size + wire::results_overhead);
  }
}

BOOST_AUTO_TEST_CASE(leave_a_value_out_that_is_too_large) {
  auto const message = encoded(with_payload(payload_kind::value, 1001));
  for (std::size_t const limit : {1000, 1001}) {
    auto const read = wire::decode_results(message, [&](std::uint64_t number) {
      BOOST_TEST(number == 7U);
      return limit;
    });
    BOOST_REQUIRE(read.message);
    auto const& result = read.message->jobs[0];
    BOOST_TEST(result.is_over_limit == (limit == 1000));
    BOOST_TEST(result.report->payload.size() == (limit == 1000 ? 0U : 1001U));
  }
}

BOOST_AUTO_TEST_CASE(may_have_an_exception_that_is_larger_than_a_value_may_be) {
  auto const none = [](std::uint64_t) { return std::size_t{0}; };
  auto read = wire::decode_results(
      encoded(with_payload(payload_kind::exception, wire::exception_allowance)), none);
  BOOST_REQUIRE(read.message);
  BOOST_TEST(!read.message->jobs[0].is_over_limit);
  read = wire::decode_results(
      encoded(with_payload(payload_kind::exception, wire::exception_allowance + 1)), none);
  BOOST_REQUIRE(read.message);
  BOOST_TEST(read.message->jobs[0].is_over_limit);
}

BOOST_AUTO_TEST_CASE(tell_times_that_can_be_converted) {
  auto sent = with_payload(payload_kind::value, 1);
  auto& usage = sent.jobs[0].report->summary.usage;
  usage = {.wall = std::chrono::nanoseconds{-1},
           .user = std::chrono::microseconds::max(),
           .system = std::chrono::microseconds::min()};
  auto const read = wire::decode_results(encoded(sent), &unlimited);
  BOOST_REQUIRE(read.message);
  auto const& told = read.message->jobs[0].report->summary.usage;
  BOOST_TEST((told.wall == std::chrono::nanoseconds{0}));
  BOOST_TEST((told.user == std::chrono::hours{24 * 365 * 100}));
  BOOST_TEST((std::chrono::nanoseconds{told.user} == std::chrono::hours{24 * 365 * 100}));
  BOOST_TEST((told.system == std::chrono::microseconds{0}));
}

BOOST_AUTO_TEST_CASE(have_no_payload_of_no_kind) {
  auto const read = wire::decode_results(encoded(with_payload(payload_kind::none, 1)), &unlimited);
  BOOST_TEST(!read.message);
  BOOST_TEST(read.reason == std::string_view{"a report has a payload of no kind"});
}

BOOST_AUTO_TEST_CASE(are_not_none_and_not_too_many) {
  maker make{3};
  auto wrong = make.results();
  wrong.jobs.clear();
  BOOST_CHECK_THROW(encoded(wrong), std::length_error);
  wrong.jobs.resize(65);
  BOOST_CHECK_THROW(encoded(wrong), std::length_error);
}

BOOST_AUTO_TEST_CASE(of_an_unknown_kind_are_refused) {
  wire::results sent{"h", {}};
  sent.jobs.resize(1);
  auto message = encoded(sent);
  message[5 + 8 + 4] = std::byte{5};
  BOOST_TEST(wire::decode_results(message, &unlimited).reason ==
             std::string_view{"a result is of a kind of another version"});
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace wire_results_test
