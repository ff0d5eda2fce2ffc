// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "support/allocated_bytes.hpp"
#include "wire_samples.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace wire_damage_test {

using namespace wire_samples;
using isolatte::test::allocated_bytes;

constexpr int rounds = 100'000;
/// To make a message takes longer than to read it.
constexpr int damages_of_a_message = 20;
/// The objects that stand for the smallest parts of a message are larger than these parts.
constexpr std::size_t factor = 10;
constexpr std::size_t small_change = 4096;

/// Decodes the bytes as each kind of message.
/// @return whether any took them
bool decode_all(const bytes& message) {
  bool taken = false;
  bool told_why = true;
  auto const note = [&](const auto& read) {
    taken = taken || read.message.has_value();
    told_why = told_why && read.message.has_value() == std::string_view{read.reason}.empty();
  };
  std::size_t const before = allocated_bytes;
  note(wire::decode_parcel(message));
  note(wire::decode_results(message, [](std::uint64_t) { return SIZE_MAX; }));
  note(wire::decode_request(message));
  note(wire::decode_counts(message));
  note(wire::decode_begin(message));
  note(wire::decode_leave(message));
  std::size_t const used = allocated_bytes - before;
  if (used > factor * message.size() + small_change)
    BOOST_ERROR(used << " bytes for a message of " << message.size());
  if (!told_why) BOOST_ERROR("a refusal without a reason");
  return taken;
}

bytes any_message(maker& make) {
  std::vector<std::string> store;
  switch (make.below(6)) {
    case 0: return encoded(make.parcel(store));
    case 1:
    case 2: return encoded(make.results());
    case 3: return encoded(make.request());
    case 4: return encoded(make.counts());
    default: return encoded(make.begin());
  }
}

template <class Damage>
void damage(std::uint32_t seed, Damage apply) {
  maker make{seed};
  bytes message;
  for (int i = 0; i != rounds; ++i) {
    if (i % damages_of_a_message == 0) message = any_message(make);
    auto copy = message;
    apply(make, copy);
  }
}

BOOST_AUTO_TEST_SUITE(wire_damage)

BOOST_AUTO_TEST_CASE(by_truncation_is_always_found) {
  damage(6, [](maker& make, bytes& message) {
    message.resize(make.below(message.size()));
    if (decode_all(message)) BOOST_ERROR("a part of a message was taken for a message");
  });
}

BOOST_AUTO_TEST_CASE(of_bits_is_borne) {
  int refused = 0;
  damage(7, [&refused](maker& make, bytes& message) {
    for (std::size_t flips = 1 + make.below(4); flips != 0; --flips)
      message[make.below(make.one_in(2) ? message.size()
                                        : std::min<std::size_t>(message.size(), 100))] ^=
          std::byte{1} << static_cast<int>(make.below(8));
    refused += decode_all(message) ? 0 : 1;
  });
  // A flipped bit in an argument is no business of the wire's.
  BOOST_TEST(refused > rounds / 20);
}

BOOST_AUTO_TEST_CASE(to_sizes_is_borne) {
  damage(8, [](maker& make, bytes& message) {
    auto const at = make.below(message.size());
    for (std::size_t k = at; k != std::min(message.size(), at + 4); ++k)
      message[k] = std::byte{255};
    decode_all(message);
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace wire_damage_test
