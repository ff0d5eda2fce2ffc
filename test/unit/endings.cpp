// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "vocabulary/number_of_endings.hpp"

#include <isolatte/ending.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <set>
#include <string_view>

namespace endings_test {

using isolatte::ending;
using isolatte::detail::number_of_endings;

BOOST_AUTO_TEST_SUITE(endings)

BOOST_AUTO_TEST_CASE(tables_have_a_place_for_each) {
  std::string_view const no_name = to_string(static_cast<ending>(1000));
  std::set<std::string_view> names;
  for (std::size_t i = 0; i != number_of_endings; ++i)
    names.insert(to_string(static_cast<ending>(i)));
  BOOST_TEST(names.size() == number_of_endings);
  BOOST_TEST(names.count(no_name) == 0u);
  BOOST_TEST(to_string(static_cast<ending>(number_of_endings)) == no_name);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace endings_test
