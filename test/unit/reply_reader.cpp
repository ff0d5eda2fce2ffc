// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/reply_reader.hpp"

#include <isolatte/detail/vocabulary/byte_buffer.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>
#include <vector>

namespace reply_reader_test {

using isolatte::posix::reply_header;
using isolatte::posix::reply_kind;
using isolatte::posix::reply_reader;
using bytes = std::vector<std::byte>;

/// The byte at a place of each payload.
std::byte byte_at(std::size_t place) { return static_cast<std::byte>(place % 251); }

bytes said(reply_kind kind, std::uint64_t size, std::uint64_t claims) {
  reply_header header;
  header.id = size;
  header.kind = static_cast<std::uint32_t>(kind);
  header.size = claims;
  bytes made(sizeof header);
  std::memcpy(made.data(), &header, sizeof header);
  for (std::size_t place = 0; place != size; ++place) made.push_back(byte_at(place));
  return made;
}
bytes said(reply_kind kind, std::uint64_t size) { return said(kind, size, size); }

bytes operator+(bytes a, const bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

void check(const isolatte::posix::reply& one) {
  BOOST_TEST(one.header.id == one.payload.size());
  auto const arrived = one.payload.bytes();
  std::size_t place = 0;
  while (place != arrived.size() && arrived[place] == byte_at(place)) ++place;
  BOOST_TEST(place == arrived.size());
  // The memory of a large payload is got once, and is no larger.
  std::size_t const least = isolatte::detail::byte_buffer{}.capacity();
  BOOST_TEST(one.payload.capacity() == std::max(one.payload.size(), least));
}

struct reading {
  std::vector<std::size_t> sizes;
  bool refused = false;
};

reading read(std::span<const std::byte> stream, std::size_t most, std::size_t piece) {
  reading result;
  reply_reader reader;
  reader.open();
  boost::system::error_code ec;
  while (!stream.empty() && !ec) {
    auto const room = reader.space();
    BOOST_REQUIRE(!room.empty());
    std::size_t const count = std::min({room.size(), stream.size(), piece});
    std::memcpy(room.data(), stream.data(), count);
    reader.filled(count);
    stream = stream.subspan(count);
    while (auto const next = reader.next(most, ec)) {
      check(*next);
      result.sizes.push_back(next->payload.size());
    }
  }
  result.refused = ec == boost::system::errc::bad_message;
  BOOST_TEST(result.refused == bool(ec));
  return result;
}

}  // namespace reply_reader_test

BOOST_AUTO_TEST_SUITE(reply_reader)

using namespace reply_reader_test;

BOOST_AUTO_TEST_CASE(replies_come_in_pieces_of_any_length) {
  bytes const stream = said(reply_kind::value, 10) + said(reply_kind::retires, 0) +
                       said(reply_kind::unencodable, 300) + said(reply_kind::value, 200'000) +
                       said(reply_kind::unknown_function, 0);
  std::vector<std::size_t> const sizes{10, 0, 300, 200'000, 0};
  for (std::size_t const piece : {std::size_t{1}, std::size_t{7}, sizeof(reply_header),
                                  std::size_t{64 * 1024}, stream.size()}) {
    auto const result = read(stream, 200'000, piece);
    BOOST_TEST(result.sizes == sizes, boost::test_tools::per_element());
    BOOST_TEST(!result.refused);
  }
}

BOOST_AUTO_TEST_CASE(a_reply_that_is_none_is_refused_once_its_header_is_there) {
  bytes const sound = said(reply_kind::value, 3);
  for (auto const& wrong :
       {said(reply_kind::value, 0, 101), said(reply_kind::retires, 0, 65),
        said(reply_kind::not_begun, 0, 1), said(reply_kind::exception, 0, 1ULL << 60),
        said(static_cast<reply_kind>(7), 0, 0), bytes(sizeof(reply_header))}) {
    auto const result = read(sound + wrong, 100, 1000);
    BOOST_TEST(result.refused);
    BOOST_TEST(result.sizes.size() == 1u);
    // Without its last byte a header is believed to be one.
    bytes const part(wrong.begin(), wrong.end() - 1);
    BOOST_TEST(!read(sound + part, 100, 1000).refused);
  }
}

BOOST_AUTO_TEST_SUITE_END()
