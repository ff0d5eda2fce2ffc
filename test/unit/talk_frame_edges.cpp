// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "logic/talk_frame.hpp"
#include "support/no_memory.hpp"
#include "support/sanitizers.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <vector>

namespace talk_frame_edges_test {

using isolatte::logic::make_talk_header;
using isolatte::logic::talk_fault;
using isolatte::logic::talk_header;
using isolatte::logic::talk_item;
using isolatte::logic::talk_kind;
using isolatte::logic::talk_reader;

constexpr std::size_t plenty = 64 * 1024 * 1024;

/// Fills a reader with as much of the bytes as it takes at once.
std::size_t feed(talk_reader& reader, std::span<const std::byte> bytes) {
  auto const space = reader.space();
  std::size_t const count = std::min(space.size(), bytes.size());
  if (count != 0) std::memcpy(space.data(), bytes.data(), count);
  reader.filled(count);
  return count;
}

void feed(talk_reader& reader, const talk_header& header) {
  BOOST_REQUIRE(feed(reader, std::as_bytes(std::span{&header, 1})) == sizeof header);
}

talk_header forged() {
  talk_header header = make_talk_header(talk_kind::message, 0);
  ++header.magic;
  return header;
}

BOOST_AUTO_TEST_SUITE(talk_frame_edges)

BOOST_AUTO_TEST_CASE(a_forged_header_gives_no_item) {
  talk_reader reader{plenty};
  feed(reader, forged());
  BOOST_TEST(!reader.next());
  BOOST_TEST((reader.fault() == talk_fault::malformed));
}

BOOST_AUTO_TEST_CASE(a_forged_header_is_that_of_no_message) {
  talk_reader reader{plenty};
  feed(reader, forged());
  BOOST_TEST(!reader.meets_message());
  BOOST_TEST((reader.fault() == talk_fault::malformed));
}

BOOST_AUTO_TEST_CASE(the_payload_of_a_long_message_has_its_length) {
  // Neither a multiple of the room that is given first nor of what that is doubled to.
  for (std::size_t const length : {600'001U, 300'007U, 1'100'003U}) {
    std::vector<std::byte> payload(length);
    for (std::size_t i = 0; i != length; ++i) payload[i] = static_cast<std::byte>(i * 31 + i / 256);
    talk_reader reader{plenty};
    feed(reader, make_talk_header(talk_kind::message, length));
    std::span<const std::byte> left = payload;
    std::optional<talk_item> item;
    while (!(item = reader.next()) && !left.empty()) left = left.subspan(feed(reader, left));
    BOOST_REQUIRE(item.has_value());
    BOOST_TEST(left.empty());
    BOOST_TEST(item->payload.size() == length);
    BOOST_TEST(std::equal(item->payload.bytes().begin(), item->payload.bytes().end(),
                          payload.begin(), payload.end()));
    BOOST_TEST(!reader.is_within());
  }
}

BOOST_AUTO_TEST_CASE(no_memory_for_the_buffer_is_a_fault) {
  if (!isolatte::test::malloc_refuses) return;
  talk_reader reader{plenty};
  std::size_t space = 1;
  {
    isolatte::test::no_memory here{1024};
    space = reader.space().size();
  }
  BOOST_TEST(space == 0U);
  BOOST_TEST((reader.fault() == talk_fault::out_of_memory));
  BOOST_TEST(reader.space().empty());
}

BOOST_AUTO_TEST_CASE(no_memory_for_a_message_is_a_fault_whichever_call_meets_it) {
  if (!isolatte::test::malloc_refuses) return;
  for (bool const has_more : {false, true}) {
    talk_reader reader{plenty};
    std::byte const more{1};
    talk_header const header = make_talk_header(talk_kind::message, 100'000);
    std::vector<std::byte> bytes(sizeof header);
    std::memcpy(bytes.data(), &header, sizeof header);
    if (has_more) bytes.push_back(more);
    BOOST_REQUIRE(feed(reader, bytes) == bytes.size());
    bool has_item = false;
    std::size_t space = 0;
    talk_fault fault = talk_fault::none;
    {
      isolatte::test::no_memory here{1024};
      has_item = reader.next().has_value();
      space = reader.space().size();
      fault = reader.fault();
    }
    BOOST_TEST(!has_item);
    BOOST_TEST(space == 0U);
    BOOST_TEST((fault == talk_fault::out_of_memory));
    // The fault stays when there is memory again.
    BOOST_TEST(!reader.meets_message());
    BOOST_TEST(!reader.next());
    BOOST_TEST(reader.space().empty());
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace talk_frame_edges_test
