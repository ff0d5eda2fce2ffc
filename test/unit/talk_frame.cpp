// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "logic/talk_frame.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <span>
#include <utility>
#include <vector>

namespace talk_frame_test {

using isolatte::logic::cost_of_message;
using isolatte::logic::make_talk_header;
using isolatte::logic::talk_fault;
using isolatte::logic::talk_header;
using isolatte::logic::talk_item;
using isolatte::logic::talk_kind;
using isolatte::logic::talk_reader;

using bytes = std::vector<std::byte>;

constexpr std::size_t header_size = sizeof(talk_header);
constexpr std::size_t plenty = 64 * 1024 * 1024;

bytes payload_of(std::size_t size) {
  bytes result(size);
  for (std::size_t i = 0; i != size; ++i) result[i] = static_cast<std::byte>(i * 7 + size);
  return result;
}

void add(bytes& to, const talk_header& header) {
  auto const raw = std::as_bytes(std::span{&header, 1});
  to.insert(to.end(), raw.begin(), raw.end());
}

void add_message(bytes& to, std::size_t size) {
  add(to, make_talk_header(talk_kind::message, size));
  auto const payload = payload_of(size);
  to.insert(to.end(), payload.begin(), payload.end());
}

bool has_payload(const talk_item& item, std::size_t size) {
  auto const expected = payload_of(size);
  return item.kind == talk_kind::message && item.length == size &&
         std::equal(item.payload.bytes().begin(), item.payload.bytes().end(), expected.begin(),
                    expected.end());
}

/// The findings of a reader in some bytes.
struct reading {
  std::vector<talk_item> items;
  talk_fault fault = talk_fault::none;
  bool is_within = false;
  /// The most room that the reader had at once beyond what had come of a message.
  std::size_t most_room = 0;
};

/// Feeds a reader as a socket does, in parts of the sizes that the function gives.
template <class NextSize>
reading read(std::span<const std::byte> input, std::size_t most, NextSize next_size) {
  talk_reader reader{most};
  reading result;
  auto const take_all = [&] {
    for (;;) {
      bool const is_message = reader.meets_message();
      auto item = reader.next();
      if (!item) return;
      BOOST_TEST((is_message == (item->kind == talk_kind::message)));
      result.items.push_back(std::move(*item));
    }
  };
  while (!input.empty()) {
    auto const space = reader.space();
    if (space.empty()) break;
    result.most_room = std::max(result.most_room, space.size());
    std::size_t const count = std::min({space.size(), input.size(), next_size()});
    std::memcpy(space.data(), input.data(), count);
    reader.filled(count);
    input = input.subspan(count);
    take_all();
  }
  result.fault = reader.fault();
  result.is_within = reader.is_within();
  if (result.fault != talk_fault::none) {
    BOOST_TEST(reader.space().empty());
    BOOST_TEST(!reader.next());
    BOOST_TEST(!reader.meets_message());
  }
  return result;
}

reading read_at_once(std::span<const std::byte> input, std::size_t most = plenty) {
  return read(input, most, [] { return std::numeric_limits<std::size_t>::max(); });
}

/// Frames of every kind, some of them empty, some longer than what one read brings.
bytes conversation() {
  bytes all;
  add_message(all, 0);
  add_message(all, 5);
  add(all, make_talk_header(talk_kind::credit, 77));
  add(all, make_talk_header(talk_kind::wanting));
  add_message(all, 300);
  add(all, make_talk_header(talk_kind::stop));
  add(all, make_talk_header(talk_kind::finished));
  add(all, make_talk_header(talk_kind::unheard));
  add_message(all, 1);
  return all;
}

void check_conversation(const reading& result) {
  BOOST_TEST((result.fault == talk_fault::none));
  BOOST_TEST(!result.is_within);
  BOOST_REQUIRE(result.items.size() == 9U);
  auto const& items = result.items;
  BOOST_TEST(has_payload(items[0], 0));
  BOOST_TEST(has_payload(items[1], 5));
  BOOST_TEST((items[2].kind == talk_kind::credit && items[2].length == 77));
  BOOST_TEST((items[3].kind == talk_kind::wanting));
  BOOST_TEST(has_payload(items[4], 300));
  BOOST_TEST((items[5].kind == talk_kind::stop));
  BOOST_TEST((items[6].kind == talk_kind::finished));
  BOOST_TEST((items[7].kind == talk_kind::unheard));
  BOOST_TEST(has_payload(items[8], 1));
}

talk_fault fault_of(const talk_header& header, std::size_t most = plenty) {
  bytes input;
  add(input, header);
  auto const result = read_at_once(input, most);
  BOOST_TEST(result.items.empty());
  return result.fault;
}

BOOST_AUTO_TEST_SUITE(talk_frame)

BOOST_AUTO_TEST_CASE(a_new_reader_has_nothing) {
  talk_reader reader{plenty};
  BOOST_TEST(!reader.next());
  BOOST_TEST(!reader.meets_message());
  BOOST_TEST(!reader.is_within());
  BOOST_TEST((reader.fault() == talk_fault::none));
  BOOST_TEST(!reader.space().empty());
}

BOOST_AUTO_TEST_CASE(frames_come_in_their_order) {
  check_conversation(read_at_once(conversation()));
}

BOOST_AUTO_TEST_CASE(every_split_gives_the_same_frames) {
  bytes const input = conversation();
  for (std::size_t first = 1; first <= input.size(); ++first) {
    bool is_first = true;
    check_conversation(read(input, plenty, [&] {
      return std::exchange(is_first, false) ? first : std::numeric_limits<std::size_t>::max();
    }));
  }
  for (std::size_t size = 1; size != 40; ++size)
    check_conversation(read(input, plenty, [&] { return size; }));
}

BOOST_AUTO_TEST_CASE(random_splits_give_the_same_frames) {
  std::mt19937 random{1};
  for (int round = 0; round != 50; ++round) {
    std::vector<std::size_t> sizes;
    bytes input;
    for (int i = 0; i != 20; ++i) {
      sizes.push_back(random() % (i % 5 == 0 ? 200'000 : 3000));
      add_message(input, sizes.back());
    }
    auto const result = read(input, plenty, [&] { return 1 + random() % 100'000; });
    BOOST_TEST((result.fault == talk_fault::none));
    BOOST_REQUIRE(result.items.size() == sizes.size());
    for (std::size_t i = 0; i != sizes.size(); ++i)
      BOOST_TEST(has_payload(result.items[i], sizes[i]));
  }
}

BOOST_AUTO_TEST_CASE(a_frame_that_is_cut_off_is_not_given) {
  bytes input;
  add_message(input, 1000);
  for (std::size_t size = 1; size != input.size(); ++size) {
    auto const result = read_at_once(std::span{input}.first(size));
    BOOST_TEST(result.items.empty());
    BOOST_TEST((result.fault == talk_fault::none));
    BOOST_TEST(result.is_within);
  }
}

BOOST_AUTO_TEST_CASE(a_message_is_seen_once_its_header_is_here) {
  bytes input;
  add(input, make_talk_header(talk_kind::credit, 1));
  add_message(input, 100);
  talk_reader reader{plenty};
  auto const feed = [&](std::size_t from, std::size_t count) {
    std::memcpy(reader.space().data(), input.data() + from, count);
    reader.filled(count);
  };
  feed(0, header_size);
  BOOST_TEST(!reader.meets_message());
  BOOST_TEST(reader.next().has_value());
  feed(header_size, header_size - 1);
  BOOST_TEST(!reader.meets_message());
  feed(2 * header_size - 1, 1);
  BOOST_TEST(reader.meets_message());
  BOOST_TEST(!reader.next());
  feed(2 * header_size, 100);
  BOOST_TEST(reader.meets_message());
  auto const item = reader.next();
  BOOST_REQUIRE(item.has_value());
  BOOST_TEST(has_payload(*item, 100));
  BOOST_TEST(!reader.meets_message());
}

BOOST_AUTO_TEST_CASE(every_mutation_of_a_header_is_refused_or_means_something_else) {
  for (std::size_t at = 0; at != header_size; ++at)
    for (unsigned bit = 0; bit != 8; ++bit) {
      bytes input;
      add(input, make_talk_header(talk_kind::stop));
      input[at] ^= static_cast<std::byte>(1U << bit);
      auto const result = read_at_once(input);
      talk_header header;
      std::memcpy(&header, input.data(), sizeof header);
      bool const is_frame = header.magic == talk_header::expected_magic &&
                            (header.kind == 1 || header.kind == 2 ||
                             (header.kind >= 3 && header.kind <= 6 && header.length == 0));
      BOOST_TEST((result.fault == talk_fault::none) == is_frame, "byte " << at << ", bit " << bit);
      if (!is_frame) BOOST_TEST(result.items.empty());
    }
}

BOOST_AUTO_TEST_CASE(unknown_kinds_are_refused) {
  for (std::uint32_t const kind : {0U, 7U, 8U, 255U, 1U << 16, 1U << 31, ~0U}) {
    talk_header header = make_talk_header(talk_kind::message);
    header.kind = kind;
    BOOST_TEST((fault_of(header) == talk_fault::malformed), "kind " << kind);
  }
}

BOOST_AUTO_TEST_CASE(only_messages_and_credit_have_a_length) {
  for (auto const kind :
       {talk_kind::stop, talk_kind::finished, talk_kind::unheard, talk_kind::wanting})
    for (std::uint64_t const length : {std::uint64_t{1}, ~std::uint64_t{0}})
      BOOST_TEST((fault_of(make_talk_header(kind, length)) == talk_fault::malformed));
  bytes input;
  add(input, make_talk_header(talk_kind::credit, ~std::uint64_t{0}));
  BOOST_TEST((read_at_once(input).fault == talk_fault::none));
}

BOOST_AUTO_TEST_CASE(a_message_may_be_as_large_as_is_allowed) {
  for (std::size_t const most : {std::size_t{0}, std::size_t{1}, std::size_t{100'000}}) {
    bytes input;
    add_message(input, most);
    auto const result = read_at_once(input, most);
    BOOST_REQUIRE(result.items.size() == 1U);
    BOOST_TEST(has_payload(result.items[0], most));
    BOOST_TEST(
        (fault_of(make_talk_header(talk_kind::message, most + 1), most) == talk_fault::too_large));
    BOOST_TEST((fault_of(make_talk_header(talk_kind::message, ~std::uint64_t{0}), most) ==
                talk_fault::too_large));
  }
}

BOOST_AUTO_TEST_CASE(frames_before_a_bad_one_are_given) {
  bytes input;
  add_message(input, 10);
  add(input, make_talk_header(talk_kind::stop, 1));
  add_message(input, 10);
  auto const result = read_at_once(input);
  BOOST_REQUIRE(result.items.size() == 1U);
  BOOST_TEST(has_payload(result.items[0], 10));
  BOOST_TEST((result.fault == talk_fault::malformed));
}

BOOST_AUTO_TEST_CASE(a_claim_of_a_gibibyte_costs_little) {
  bytes input;
  add(input, make_talk_header(talk_kind::message, std::uint64_t{1} << 30));
  for (std::size_t const following : {0UL, 1UL, 1000UL, 300'000UL, 3'000'000UL}) {
    bytes some = input;
    some.resize(some.size() + following);
    auto const result = read(some, std::size_t{1} << 31, [] { return std::size_t{50'000}; });
    BOOST_TEST(result.items.empty());
    BOOST_TEST((result.fault == talk_fault::none));
    // Twice of what has come, and some room to begin with.
    BOOST_TEST(result.most_room <= 512 * 1024 + following);
  }
}

BOOST_AUTO_TEST_CASE(a_claim_of_all_memory_gets_a_part) {
  talk_reader reader{std::numeric_limits<std::size_t>::max()};
  bytes input;
  // No buffer can be as large as this.
  add(input, make_talk_header(talk_kind::message, std::numeric_limits<std::uint64_t>::max()));
  std::memcpy(reader.space().data(), input.data(), input.size());
  reader.filled(input.size());
  BOOST_TEST(!reader.next());
  BOOST_TEST((reader.fault() == talk_fault::none));
  BOOST_TEST(reader.meets_message());
  BOOST_TEST(reader.space().size() <= 512 * 1024U);
}

BOOST_AUTO_TEST_CASE(random_bytes_do_no_harm) {
  std::mt19937 random{2};
  for (int round = 0; round != 2000; ++round) {
    bytes input;
    // A right beginning now and then, so that the rest is met at every place.
    if (round % 3 == 0) add_message(input, random() % 100);
    if (round % 3 == 1) {
      talk_header header = make_talk_header(static_cast<talk_kind>(random() % 8), random());
      header.length <<= random() % 40;
      add(input, header);
    }
    for (std::size_t left = random() % 500; left != 0; --left)
      input.push_back(static_cast<std::byte>(random()));
    auto const result = read(input, 1000, [&] { return 1 + random() % 64; });
    std::size_t given = 0;
    for (auto const& item : result.items) given += header_size + item.payload.size();
    BOOST_TEST(given <= input.size());
    if (result.fault == talk_fault::none && !result.is_within) BOOST_TEST(given == input.size());
  }
}

BOOST_AUTO_TEST_CASE(a_message_costs_its_header_too) {
  BOOST_TEST(cost_of_message(0) == header_size);
  BOOST_TEST(cost_of_message(10) == header_size + 10);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace talk_frame_test
