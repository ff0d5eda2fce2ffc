// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "supervise/reserve.hpp"

#include "supervise/operation_memory.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <set>
#include <vector>

namespace reserve_test {

using isolatte::supervise::operation_memory;
using isolatte::supervise::use;
using blocks_of = isolatte::supervise::reserve;

constexpr std::size_t blocks = 20;
constexpr std::size_t often = 3;

/// Takes every block, writes to it, and gives it back.
/// @return how many lie in the room
std::ptrdiff_t check_blocks(blocks_of& from, const operation_memory& room) {
  std::vector<void*> all;
  for (std::size_t i = 0; i != blocks; ++i) {
    all.push_back(from.allocate(blocks_of::usual_size));
    std::memset(all.back(), static_cast<int>(i), blocks_of::usual_size);
  }
  for (std::size_t i = 0; i != blocks; ++i) {
    auto const* const bytes = static_cast<const unsigned char*>(all[i]);
    BOOST_TEST(std::count(bytes, bytes + blocks_of::usual_size, i) ==
               static_cast<std::ptrdiff_t>(blocks_of::usual_size));
  }
  BOOST_TEST(std::set<void*>(all.begin(), all.end()).size() == blocks);
  for (void* const each : all) from.deallocate(each);
  // The blocks are used again.
  void* const again = from.allocate(1);
  BOOST_TEST(std::count(all.begin(), all.end(), again) == 1);
  from.deallocate(again);
  return std::count_if(all.begin(), all.end(), [&](void* each) { return room.holds(each); });
}

BOOST_AUTO_TEST_SUITE(reserve)

BOOST_AUTO_TEST_CASE(blocks_lie_in_the_room_of_the_operation) {
  auto const room = operation_memory::make();
  blocks_of some{blocks, *room, often};
  BOOST_TEST(check_blocks(some, *room) == static_cast<std::ptrdiff_t>(blocks));
}

BOOST_AUTO_TEST_CASE(a_room_that_is_taken_leaves_the_blocks_to_the_system) {
  for (auto const how : {use::often, use::rarely}) {
    auto const room = operation_memory::make();
    while (room->take(blocks_of::usual_size, how) != nullptr) {
    }
    blocks_of some{blocks, *room, often};
    BOOST_TEST(check_blocks(some, *room) == 0);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace reserve_test
