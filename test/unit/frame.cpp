// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "logic/frame.hpp"

#include "support/sanitizers.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <span>
#include <string>
#include <vector>

namespace frame_test {

using isolatte::detail::payload_kind;
using isolatte::logic::exception_allowance;
using isolatte::logic::frame_header;
using isolatte::logic::frame_reader;
using isolatte::logic::frame_state;
using isolatte::logic::make_frame_header;
using isolatte::logic::payload_limit;

using bytes = std::vector<std::byte>;

constexpr std::size_t header_size = sizeof(frame_header);
constexpr std::size_t plenty = 1024 * 1024;

bytes raw(const frame_header& header) {
  bytes result(header_size);
  std::memcpy(result.data(), &header, header_size);
  return result;
}

bytes payload_of(std::size_t size) {
  bytes result(size);
  for (std::size_t i = 0; i != size; ++i) result[i] = static_cast<std::byte>(i * 7 + 1);
  return result;
}

bytes frame_of(payload_kind kind, std::size_t size) {
  bytes result = raw(make_frame_header(kind, size));
  auto const payload = payload_of(size);
  result.insert(result.end(), payload.begin(), payload.end());
  return result;
}

/// The capacity of a buffer that has allocated nothing.
std::size_t const unallocated = isolatte::detail::byte_buffer().capacity();

/// Feeds the reader as read() would: never more than space() has.
frame_state feed(frame_reader& reader, std::span<const std::byte> input) {
  while (!input.empty()) {
    auto const space = reader.space();
    BOOST_REQUIRE(!space.empty());
    auto const count = std::min(space.size(), input.size());
    std::memcpy(space.data(), input.data(), count);
    reader.filled(count);
    input = input.subspan(count);
  }
  return reader.state();
}

bool payload_is(frame_reader& reader, std::size_t size) {
  auto const payload = reader.take_payload();
  auto const expected = payload_of(size);
  return std::equal(payload.bytes().begin(), payload.bytes().end(), expected.begin(),
                    expected.end());
}

frame_state state_of(const frame_header& header, std::size_t max_payload = plenty) {
  frame_reader reader{max_payload};
  return feed(reader, raw(header));
}

BOOST_AUTO_TEST_SUITE(frame)

BOOST_AUTO_TEST_CASE(a_new_reader_has_seen_nothing) {
  frame_reader reader{plenty};
  BOOST_TEST((reader.state() == frame_state::absent));
  BOOST_TEST((reader.kind() == payload_kind::none));
  BOOST_TEST((reader.filled(0) == frame_state::absent));
  BOOST_TEST(reader.space().size() == header_size);
  BOOST_TEST(reader.max_payload() == plenty);
}

BOOST_AUTO_TEST_CASE(byte_by_byte) {
  for (auto const kind : {payload_kind::value, payload_kind::exception, payload_kind::unencodable})
    for (std::size_t const size : {0, 1, 2, 15, 16, 17, 300}) {
      auto const whole = frame_of(kind, size);
      frame_reader reader{plenty};
      for (std::size_t i = 0; i != whole.size(); ++i) {
        auto const state = feed(reader, std::span{whole}.subspan(i, 1));
        BOOST_REQUIRE(
            (state == (i + 1 == whole.size() ? frame_state::complete : frame_state::partial)));
      }
      BOOST_TEST((reader.kind() == kind));
      BOOST_TEST(payload_is(reader, size));
    }
}

BOOST_AUTO_TEST_CASE(every_split_in_three) {
  constexpr std::size_t size = 40;
  auto const whole = frame_of(payload_kind::value, size);
  for (std::size_t first = 0; first <= whole.size(); ++first)
    for (std::size_t second = first; second <= whole.size(); ++second) {
      frame_reader reader{plenty};
      std::span const all{whole};
      feed(reader, all.first(first));
      feed(reader, all.subspan(first, second - first));
      BOOST_REQUIRE((feed(reader, all.subspan(second)) == frame_state::complete));
      BOOST_REQUIRE(payload_is(reader, size));
    }
}

BOOST_AUTO_TEST_CASE(every_truncation_is_partial) {
  auto const whole = frame_of(payload_kind::exception, 30);
  for (std::size_t size = 1; size != whole.size(); ++size) {
    frame_reader reader{plenty};
    BOOST_TEST((feed(reader, std::span{whole}.first(size)) == frame_state::partial));
  }
}

BOOST_AUTO_TEST_CASE(a_frame_without_payload_is_complete_with_its_header) {
  BOOST_TEST((state_of(make_frame_header(payload_kind::value, 0)) == frame_state::complete));
}

BOOST_AUTO_TEST_CASE(a_byte_too_many_spoils_the_frame) {
  for (std::size_t const size : {0, 1, 100}) {
    frame_reader reader{plenty};
    BOOST_REQUIRE((feed(reader, frame_of(payload_kind::value, size)) == frame_state::complete));
    BOOST_TEST((feed(reader, bytes(1)) == frame_state::malformed));
    BOOST_TEST(reader.take_payload().empty());
    // More bytes do not repair it.
    BOOST_TEST((feed(reader, frame_of(payload_kind::value, size)) == frame_state::malformed));
  }
}

BOOST_AUTO_TEST_CASE(two_frames_are_none) {
  frame_reader reader{plenty};
  auto two = frame_of(payload_kind::value, 10);
  auto const second = frame_of(payload_kind::exception, 10);
  two.insert(two.end(), second.begin(), second.end());
  BOOST_TEST((feed(reader, two) == frame_state::malformed));
}

BOOST_AUTO_TEST_CASE(every_wrong_bit_of_the_magic_is_noticed) {
  for (unsigned bit = 0; bit != 32; ++bit) {
    auto header = make_frame_header(payload_kind::value, 4);
    header.magic ^= 1U << bit;
    BOOST_TEST((state_of(header) == frame_state::malformed));
  }
}

BOOST_AUTO_TEST_CASE(every_other_kind_is_refused) {
  auto header = make_frame_header(payload_kind::value, 4);
  for (std::uint32_t const kind : {0U, 4U, 5U, 255U, 256U, 257U, 0x01000000U, 0xffffffffU}) {
    header.kind = kind;
    BOOST_TEST((state_of(header) == frame_state::malformed), "kind " << kind);
  }
}

BOOST_AUTO_TEST_CASE(a_value_may_be_as_large_as_the_limit) {
  for (std::size_t const limit : {std::size_t{0}, std::size_t{1}, std::size_t{100}, plenty}) {
    BOOST_TEST((state_of(make_frame_header(payload_kind::value, limit + 1), limit) ==
                frame_state::too_large));
    frame_reader reader{limit};
    BOOST_TEST((feed(reader, frame_of(payload_kind::value, limit)) == frame_state::complete));
  }
}

BOOST_AUTO_TEST_CASE(an_exception_always_has_its_allowance) {
  for (auto const kind : {payload_kind::exception, payload_kind::unencodable}) {
    for (std::size_t const limit : {std::size_t{0}, std::size_t{1}, exception_allowance}) {
      BOOST_TEST(payload_limit(kind, limit) == exception_allowance);
      frame_reader reader{limit};
      BOOST_TEST((feed(reader, frame_of(kind, exception_allowance)) == frame_state::complete));
      BOOST_TEST((state_of(make_frame_header(kind, exception_allowance + 1), limit) ==
                  frame_state::too_large));
    }
    BOOST_TEST(payload_limit(kind, plenty) == plenty);
  }
  BOOST_TEST(payload_limit(payload_kind::value, 1) == 1U);
}

BOOST_AUTO_TEST_CASE(an_absurd_length_is_refused_without_allocating) {
  for (std::uint64_t const length :
       {std::uint64_t{plenty} + 1, std::uint64_t{1} << 32, std::uint64_t{1} << 62,
        std::uint64_t{1} << 63, std::numeric_limits<std::uint64_t>::max()}) {
    auto header = make_frame_header(payload_kind::value, 0);
    header.length = length;
    frame_reader reader{plenty};
    BOOST_TEST((feed(reader, raw(header)) == frame_state::too_large));
    BOOST_TEST(reader.take_payload().capacity() == unallocated);
  }
}

BOOST_AUTO_TEST_CASE(memory_that_is_not_there_is_said_so) {
  constexpr auto no_limit = std::numeric_limits<std::size_t>::max();
  // The size exceeds the limit of a buffer, so malloc is not asked.
  BOOST_TEST((state_of(make_frame_header(payload_kind::value, no_limit), no_limit) ==
              frame_state::out_of_memory));
  // The size exceeds every address space, so malloc refuses.
  if (isolatte::test::malloc_refuses)
    BOOST_TEST((state_of(make_frame_header(payload_kind::value, std::size_t{1} << 62), no_limit) ==
                frame_state::out_of_memory));
}

BOOST_AUTO_TEST_CASE(what_is_refused_takes_more_bytes_and_keeps_none) {
  auto header = make_frame_header(payload_kind::value, 4);
  header.magic = 0;
  frame_reader reader{plenty};
  feed(reader, raw(header));
  for (int i = 0; i != 1000; ++i)
    BOOST_REQUIRE((feed(reader, payload_of(100)) == frame_state::malformed));
  BOOST_TEST(reader.take_payload().empty());
}

BOOST_AUTO_TEST_CASE(random_bytes_never_make_a_frame) {
  std::mt19937 random{1};
  for (int round = 0; round != 2000; ++round) {
    bytes noise(1 + random() % 200);
    for (auto& byte : noise) byte = static_cast<std::byte>(random());
    frame_reader reader{plenty};
    auto const state = feed(reader, noise);
    BOOST_REQUIRE(
        (state == (noise.size() < header_size ? frame_state::partial : frame_state::malformed)));
  }
}

BOOST_AUTO_TEST_CASE(forged_headers_never_pass_the_limit) {
  std::mt19937_64 random{2};
  for (int round = 0; round != 20000; ++round) {
    auto header = make_frame_header(payload_kind::value, 0);
    header.kind = static_cast<std::uint32_t>(random() % 6);
    header.length = random() >> random() % 64;
    std::size_t const limit = random() % 5000;
    frame_reader reader{limit};
    auto const state = feed(reader, raw(header));
    bool const known = header.kind >= 1 && header.kind <= 3;
    auto const allowed = payload_limit(static_cast<payload_kind>(header.kind), limit);
    auto const expected = !known                    ? frame_state::malformed
                          : header.length > allowed ? frame_state::too_large
                          : header.length == 0      ? frame_state::complete
                                                    : frame_state::partial;
    BOOST_REQUIRE((state == expected));
    BOOST_REQUIRE(reader.take_payload().capacity() <= std::max(allowed, unallocated));
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace frame_test
