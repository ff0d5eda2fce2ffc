// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "nats/wire/parcel.hpp"
#include "wire_samples.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string_view>

namespace wire_parcel_test {

using namespace wire_samples;
using namespace std::chrono_literals;

bool same(const wire::parcel_job& a, const wire::parcel_job& b) {
  return a.number == b.number && a.attempt == b.attempt && a.lost_before == b.lost_before &&
         a.max_hosts == b.max_hosts && a.decoder == b.decoder && a.function == b.function &&
         a.timeout == b.timeout && a.grace == b.grace && a.max_result == b.max_result &&
         std::ranges::equal(a.arguments, b.arguments);
}

wire::parcel one_job() {
  wire::parcel_job job;
  job.number = 0x0102030405060708;
  job.decoder.object = *isolatte::detail::build_id::of(std::array{std::byte{}});
  job.timeout = 1s;
  return {"me", {job}};
}

void check_refused(const wire::parcel& what, std::string_view reason) {
  auto const read = wire::decode_parcel(encoded(what));
  BOOST_TEST(!read.message.has_value());
  BOOST_TEST(read.reason == reason);
}

BOOST_AUTO_TEST_SUITE(wire_parcel)

BOOST_AUTO_TEST_CASE(arrives_as_it_was_sent) {
  maker make{1};
  for (int i = 0; i != 3000; ++i) {
    std::vector<std::string> store;
    auto const sent = make.parcel(store);
    auto const message = encoded(sent);
    auto const read = wire::decode_parcel(message);
    BOOST_REQUIRE_MESSAGE(read.message, read.reason);
    BOOST_TEST(read.message->submitter == sent.submitter);
    BOOST_REQUIRE(std::ranges::equal(read.message->jobs, sent.jobs, &same));
    std::size_t size = 0;
    for (auto const& job : sent.jobs) size += wire::size_in_parcel(job);
    BOOST_TEST(message.size() == size + 4 + sent.submitter.size());
    BOOST_TEST(message.size() <= size + wire::parcel_overhead);
  }
}

BOOST_AUTO_TEST_CASE(has_its_numbers_with_the_least_significant_byte_first) {
  auto const message = encoded(one_job());
  BOOST_TEST(std::to_integer<int>(message[0]) == wire::version);
  BOOST_TEST(std::to_integer<int>(message[6]) == 8);
  BOOST_TEST(std::to_integer<int>(message[13]) == 1);
}

BOOST_AUTO_TEST_CASE(without_sense_is_refused) {
  auto const sound = one_job();
  auto wrong = sound;
  wrong.jobs[0].attempt = 0;
  check_refused(wrong, "an attempt has no number");
  wrong = sound;
  wrong.jobs[0].max_hosts = 0;
  check_refused(wrong, "a job may be run by no host");
  wrong = sound;
  wrong.jobs[0].timeout = -1ns;
  check_refused(wrong, "a time is negative");
  wrong = sound;
  wrong.jobs[0].decoder = {};
  check_refused(wrong, "a build id is not as long as one is");
  wrong = sound;
  wrong.submitter.clear();
  check_refused(wrong, "the submitter's name is not as long as one is");
}

BOOST_AUTO_TEST_CASE(of_another_version_or_kind_is_refused) {
  auto message = encoded(one_job());
  message[0] = std::byte{2};
  BOOST_TEST(wire::decode_parcel(message).reason ==
             std::string_view{"the message is of another version"});
  message[0] = std::byte{1};
  message[1] = std::byte{2};
  BOOST_TEST(wire::decode_parcel(message).reason ==
             std::string_view{"the message is of another kind"});
}

BOOST_AUTO_TEST_CASE(has_a_job_and_not_too_many) {
  auto wrong = one_job();
  wrong.jobs.resize(65, wrong.jobs[0]);
  BOOST_CHECK_THROW(encoded(wrong), std::length_error);
  wrong.jobs.clear();
  BOOST_CHECK_THROW(encoded(wrong), std::length_error);
  auto message = encoded(one_job());
  message[5] = std::byte{0};
  BOOST_TEST(wire::decode_parcel(message).reason ==
             std::string_view{"a parcel has no jobs, or too many"});
  message[5] = std::byte{65};
  BOOST_TEST(wire::decode_parcel(message).reason ==
             std::string_view{"a parcel has no jobs, or too many"});
}

BOOST_AUTO_TEST_CASE(ends_where_its_last_job_does) {
  auto message = encoded(one_job());
  message.push_back(std::byte{0});
  BOOST_TEST(wire::decode_parcel(message).reason ==
             std::string_view{"the message goes on after its end"});
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace wire_parcel_test
