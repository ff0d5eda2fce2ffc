// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/kept_rooms.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <cstring>
#include <set>
#include <thread>
#include <vector>

namespace kept_rooms_test {

using namespace isolatte::posix;

BOOST_AUTO_TEST_SUITE(kept_rooms)

BOOST_AUTO_TEST_CASE(a_room_begins_with_a_page) {
  for (int i = 0; i != 3; ++i) {
    void* const room = take_room();
    BOOST_TEST(reinterpret_cast<std::uintptr_t>(room) % usual_page == 0);
    std::memset(room, i, room_size);
    give_room(room);
  }
}

BOOST_AUTO_TEST_CASE(no_two_are_one) {
  for (int round = 0; round != 3; ++round) {
    std::vector<unsigned char*> rooms;
    for (unsigned char i = 0; i != 100; ++i) {
      rooms.push_back(static_cast<unsigned char*>(take_room()));
      std::memset(rooms.back(), i, room_size);
      if (i % 3 == 2) {
        give_room(rooms.front());
        rooms.erase(rooms.begin());
      }
    }
    for (std::size_t i = 0; i != rooms.size(); ++i) {
      BOOST_TEST(rooms[i][0] == 100 - rooms.size() + i);
      BOOST_TEST(rooms[i][room_size - 1] == rooms[i][0]);
    }
    for (auto* const room : rooms) give_room(room);
  }
}

BOOST_AUTO_TEST_CASE(a_list_gives_the_last_room_first_and_keeps_one_slab) {
  alignas(usual_page) static std::byte memory[3 * room_size];
  room_list::slab first{memory, 1, nullptr};
  room_list::slab second{memory + room_size, 2, nullptr};
  room_list rooms;
  BOOST_TEST(rooms.take() == nullptr);
  rooms.add(&first);
  void* const one = rooms.take();
  BOOST_TEST(one == memory);
  BOOST_TEST(rooms.take() == nullptr);
  BOOST_TEST(rooms.wanted() == 2U);
  rooms.add(&second);
  void* const other = rooms.take();
  void* const third = rooms.take();
  BOOST_TEST((std::set<void*>{one, other, third}.size() == 3));
  BOOST_TEST(rooms.give(other) == nullptr);
  BOOST_TEST(rooms.give(one) == nullptr);
  BOOST_TEST(rooms.take() == one);
  BOOST_TEST(rooms.give(one) == nullptr);
  room_list::slab* const surplus = rooms.give(third);
  BOOST_TEST(surplus == &second);
  BOOST_TEST(surplus->next == nullptr);
  BOOST_TEST(rooms.take() == memory);
  BOOST_TEST(rooms.take() == nullptr);
}

BOOST_AUTO_TEST_CASE(threads_share_them) {
  std::vector<std::thread> threads;
  std::vector<int> spoilt(4);
  for (unsigned char which = 0; which != 4; ++which)
    threads.emplace_back([which, &spoilt] {
      for (int round = 0; round != 200; ++round) {
        std::vector<unsigned char*> rooms;
        for (int i = 0; i != 10; ++i) {
          rooms.push_back(static_cast<unsigned char*>(take_room()));
          rooms.back()[0] = rooms.back()[room_size - 1] = which;
        }
        for (auto* const room : rooms) {
          if (room[0] != which || room[room_size - 1] != which) ++spoilt[which];
          give_room(room);
        }
      }
    });
  for (auto& each : threads) each.join();
  BOOST_TEST(spoilt == std::vector<int>(4), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace kept_rooms_test
