// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "logic/tail_buffer.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <random>
#include <string>
#include <string_view>

namespace tail_buffer_test {

using buffer_type = isolatte::logic::tail_buffer;

/// The reference: keeps everything, and cuts at the end.
struct oracle {
  explicit oracle(std::size_t most) : limit{most} {}
  void append(std::string_view bytes) { all += bytes; }
  bool truncated() const { return all.size() > limit; }
  std::string take() const { return all.substr(all.size() - std::min(all.size(), limit)); }

  std::size_t limit;
  std::string all;
};

std::string counting(std::size_t size, std::size_t from = 0) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i != size; ++i) text[i] = static_cast<char>('!' + (from + i) % 90);
  return text;
}

BOOST_AUTO_TEST_SUITE(tail_buffer)

BOOST_AUTO_TEST_CASE(nothing_written_is_nothing_kept) {
  buffer_type buffer{10};
  BOOST_TEST(!buffer.truncated());
  BOOST_TEST(buffer.take().empty());
}

BOOST_AUTO_TEST_CASE(exactly_the_limit_is_whole) {
  buffer_type buffer{4};
  buffer.append("ab");
  buffer.append("cd");
  BOOST_TEST(!buffer.truncated());
  BOOST_TEST(buffer.take() == "abcd");
}

BOOST_AUTO_TEST_CASE(what_was_dropped_before_a_take_says_nothing_of_what_follows) {
  isolatte::logic::tail_buffer buffer{2};
  buffer.append("abc");
  BOOST_TEST(buffer.take() == "bc");
  BOOST_TEST(!buffer.truncated());
  buffer.append("d");
  BOOST_TEST(!buffer.truncated());
  BOOST_TEST(buffer.take() == "d");
}

BOOST_AUTO_TEST_CASE(one_byte_more_is_truncated) {
  buffer_type buffer{4};
  buffer.append("abcd");
  buffer.append("e");
  BOOST_TEST(buffer.truncated());
  BOOST_TEST(buffer.take() == "bcde");
}

BOOST_AUTO_TEST_CASE(a_limit_of_zero_keeps_nothing_but_notices) {
  buffer_type buffer{0};
  buffer.append("");
  BOOST_TEST(!buffer.truncated());
  buffer.append("a");
  BOOST_TEST(buffer.truncated());
  BOOST_TEST(buffer.take().empty());
}

BOOST_AUTO_TEST_CASE(no_limit_is_too_large) {
  buffer_type buffer{std::numeric_limits<std::size_t>::max()};
  buffer.append("abc");
  BOOST_TEST(!buffer.truncated());
  BOOST_TEST(buffer.take() == "abc");
}

BOOST_AUTO_TEST_CASE(every_limit_and_every_pair_of_pieces) {
  for (std::size_t limit = 0; limit != 9; ++limit)
    for (std::size_t first = 0; first != 20; ++first)
      for (std::size_t second = 0; second != 20; ++second) {
        buffer_type buffer{limit};
        oracle expected{limit};
        for (auto const& piece : {counting(first), counting(second, first)}) {
          buffer.append(piece);
          expected.append(piece);
        }
        BOOST_REQUIRE(buffer.truncated() == expected.truncated());
        BOOST_REQUIRE(buffer.take() == expected.take());
      }
}

BOOST_AUTO_TEST_CASE(long_streams_in_any_pieces) {
  std::mt19937 random{42};
  for (int round = 0; round != 200; ++round) {
    std::size_t const limit = random() % 200;
    buffer_type buffer{limit};
    oracle expected{limit};
    for (int i = 0; i != 50; ++i) {
      auto const piece = counting(random() % (1 + random() % 500), expected.all.size());
      buffer.append(piece);
      expected.append(piece);
      BOOST_REQUIRE(buffer.truncated() == expected.truncated());
    }
    BOOST_REQUIRE(buffer.take() == expected.take());
    BOOST_REQUIRE(!buffer.truncated());
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tail_buffer_test
