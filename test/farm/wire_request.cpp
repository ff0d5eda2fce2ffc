// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "nats/wire/request.hpp"
#include "wire_samples.hpp"

#include <boost/test/unit_test.hpp>

#include <stdexcept>
#include <string_view>

namespace wire_request_test {

using namespace wire_samples;

BOOST_AUTO_TEST_SUITE(wire_request)

BOOST_AUTO_TEST_CASE(arrives_as_it_was_sent) {
  maker make{4};
  for (int i = 0; i != 3000; ++i) {
    auto const request = make.request();
    auto const read = wire::decode_request(encoded(request));
    BOOST_REQUIRE_MESSAGE(read.message, read.reason);
    BOOST_REQUIRE((*read.message == request));
    auto const counts = make.counts();
    BOOST_REQUIRE((wire::decode_counts(encoded(counts)).message == counts));
    auto const begin = make.begin();
    BOOST_REQUIRE((wire::decode_begin(encoded(begin)).message == begin));
  }
  for (auto const leave : {logic::leave::yes, logic::leave::no, logic::leave::over})
    BOOST_TEST((wire::decode_leave(encoded(leave)).message == leave));
  byte_buffer question;
  wire::encode_count(question);
  BOOST_TEST(wire::decode_count(question.bytes()) == nullptr);
}

BOOST_AUTO_TEST_CASE(names_jobs_unless_it_is_about_the_submitter) {
  wire::request wrong{"me", wire::request::subject::jobs, logic::wish::withdraw, {}};
  BOOST_TEST(wire::decode_request(encoded(wrong)).reason ==
             std::string_view{"a request has no jobs, or too many"});
  wrong.what = wire::request::subject::submitter;
  BOOST_TEST((wire::decode_request(encoded(wrong)).message == wrong));
  wrong.numbers = {1};
  BOOST_TEST(wire::decode_request(encoded(wrong)).reason ==
             std::string_view{"a request has no jobs, or too many"});
  wrong.numbers.resize(wire::most_in_request + 1);
  BOOST_CHECK_THROW(encoded(wrong), std::length_error);
}

BOOST_AUTO_TEST_CASE(is_no_other_message) {
  maker make{5};
  BOOST_TEST(!wire::decode_counts(encoded(make.begin())).message);
  BOOST_TEST(!wire::decode_begin(encoded(make.counts())).message);
  BOOST_TEST(!wire::decode_leave(encoded(make.request())).message);
  BOOST_TEST(!wire::decode_request(encoded(logic::leave::yes)).message);
  BOOST_TEST(wire::decode_count(encoded(logic::leave::yes)) != nullptr);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace wire_request_test
