// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "logic/tail_buffer.hpp"

#include "support/no_memory.hpp"
#include "support/sanitizers.hpp"

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

BOOST_AUTO_TEST_CASE(a_first_piece_beyond_the_limit_leaves_its_tail) {
  buffer_type buffer{100};
  auto const piece = counting(300);
  buffer.append(piece);
  BOOST_TEST(buffer.truncated());
  BOOST_TEST(buffer.take() == piece.substr(200));
}

/// A buffer without memory for more than was reserved keeps a tail of what was written, at least
/// half of the reserve, and no more than the limit.
void append_without_memory(std::size_t limit, std::size_t reserved, std::size_t piece) {
  buffer_type buffer{limit};
  buffer.reserve(reserved);
  std::string all = counting(20);
  buffer.append(all);
  bool truncated = false;
  std::string kept;
  auto const more = counting(4 * limit, all.size());
  {
    isolatte::test::no_memory here{limit};
    for (std::size_t i = 0; i < more.size(); i += piece)
      buffer.append(std::string_view{more}.substr(i, piece));
    truncated = buffer.truncated();
  }
  all += more;
  kept = buffer.take();
  BOOST_TEST(truncated);
  BOOST_TEST(kept.size() <= limit);
  BOOST_TEST(kept.size() >= std::min(reserved, limit) / 2);
  BOOST_TEST(all.ends_with(kept));
  // The next bytes are told apart from what was dropped before.
  BOOST_TEST(!buffer.truncated());
}

BOOST_AUTO_TEST_CASE(bytes_without_memory_replace_the_older_half) {
  if (!isolatte::test::malloc_refuses) return;
  for (std::size_t const piece : {1u, 7u, 500u, 1000u, 3000u}) {
    append_without_memory(2000, 1000, piece);
    append_without_memory(2000, 5000, piece);
  }
}

BOOST_AUTO_TEST_CASE(half_is_dropped_for_each_byte_without_memory) {
  if (!isolatte::test::malloc_refuses) return;
  constexpr std::size_t room = 1000;
  constexpr std::size_t appended = 7020;
  buffer_type buffer{2 * room};
  buffer.reserve(room);
  auto const all = counting(room + appended);
  buffer.append(std::string_view{all}.substr(0, room));
  {
    isolatte::test::no_memory here{2 * room};
    for (std::size_t i = 0; i != appended; ++i)
      buffer.append(std::string_view{all}.substr(room + i, 1));
  }
  // The buffer goes from full to one byte more than half, and is filled again.
  std::size_t const kept = room / 2 + 1 + (appended - 1) % (room / 2);
  BOOST_TEST(buffer.take() == all.substr(all.size() - kept));
}

BOOST_AUTO_TEST_CASE(memory_stays_in_proportion_to_the_limit) {
  if (!isolatte::test::malloc_refuses) return;
  constexpr std::size_t limit = 1000;
  constexpr std::size_t piece = 10;
  auto const all = counting(30 * limit);
  // A buffer that asked for more would be about half full for a while, again and again.
  for (std::size_t size = 20 * limit; size < 25 * limit; size += limit / 4) {
    buffer_type buffer{limit};
    std::size_t i = 0;
    auto const append_up_to = [&](std::size_t end) {
      for (; i != end; i += piece) buffer.append(std::string_view{all}.substr(i, piece));
    };
    append_up_to(5 * limit);
    {
      isolatte::test::no_memory here{limit};
      append_up_to(size);
    }
    BOOST_TEST(buffer.take() == all.substr(size - limit, limit));
  }
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
