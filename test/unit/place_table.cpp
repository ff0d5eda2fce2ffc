// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/place_table.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <memory>
#include <vector>

namespace place_table_test {

using table = isolatte::posix::place_table<int>;

std::vector<int> values_of(table& of) {
  std::vector<int> values;
  of.any([&values](int each) {
    values.push_back(each);
    return false;
  });
  return values;
}

BOOST_AUTO_TEST_SUITE(place_table)

BOOST_AUTO_TEST_CASE(has_what_was_added) {
  table places;
  std::vector<int> added;
  for (int i = 0; i != 100; ++i) {
    places.reserve(added.size() + 1);
    places.add(i);
    added.push_back(i);
  }
  BOOST_TEST(values_of(places) == added, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(has_no_more_what_was_removed) {
  table places;
  std::vector<std::size_t> where;
  for (int i = 0; i != 100; ++i) where.push_back(places.add(i));
  for (int i = 0; i != 100; ++i)
    if (i % 10 != 3) places.remove(where[static_cast<std::size_t>(i)]);
  std::vector<int> const left{3, 13, 23, 33, 43, 53, 63, 73, 83, 93};
  BOOST_TEST(values_of(places) == left, boost::test_tools::per_element());
  BOOST_TEST(where[0] == table::nowhere);
  places.remove(where[0]);
  BOOST_TEST(values_of(places) == left, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(gives_the_last_free_place_first) {
  table places;
  std::size_t first = places.add(1);
  std::size_t second = places.add(2);
  std::size_t const place = second;
  places.remove(first);
  places.remove(second);
  BOOST_TEST(places.add(3) == place);
}

BOOST_AUTO_TEST_CASE(stops_where_the_function_says_so) {
  table places;
  for (int i = 0; i != 5; ++i) places.add(i);
  int calls = 0;
  BOOST_TEST(places.any([&calls](int each) { return ++calls, each == 2; }));
  BOOST_TEST(calls == 3);
  BOOST_TEST(!places.any([](int each) { return each == 7; }));
}

BOOST_AUTO_TEST_CASE(is_empty_after_clear) {
  table places;
  for (int i = 0; i != 100; ++i) places.add(i);
  places.clear();
  BOOST_TEST(values_of(places).empty());
  places.add(7);
  BOOST_TEST(values_of(places) == std::vector<int>{7}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(keeps_nothing_of_what_was_removed) {
  isolatte::posix::place_table<std::shared_ptr<int>> places;
  auto const value = std::make_shared<int>(1);
  std::size_t where = places.add(value);
  BOOST_TEST(value.use_count() == 2);
  places.remove(where);
  BOOST_TEST(value.use_count() == 1);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace place_table_test
