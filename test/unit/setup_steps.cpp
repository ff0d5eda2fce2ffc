// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/child_page.hpp"

#include <boost/test/unit_test.hpp>

#include <set>
#include <string>

namespace setup_steps_test {

using isolatte::posix::setup_step;

BOOST_AUTO_TEST_SUITE(setup_steps)

BOOST_AUTO_TEST_CASE(have_texts_of_their_own) {
  std::set<std::string> all{""};
  for (int i = 1; i <= static_cast<int>(setup_step::system_calls); ++i)
    BOOST_TEST(all.insert(to_string(static_cast<setup_step>(i))).second, i);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace setup_steps_test
