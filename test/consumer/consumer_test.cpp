// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#define BOOST_TEST_MODULE consumer
#include <isolatte/test.hpp>

#include <boost/test/included/unit_test.hpp>

#include <csignal>
#include <cstdlib>

BOOST_AUTO_TEST_CASE(returns, *isolatte::test::isolated()) { BOOST_TEST(true); }

BOOST_AUTO_TEST_CASE(dies, *isolatte::test::death("", SIGABRT)) { std::abort(); }

// Runs only if it is asked for: its trace has to end with the case.
BOOST_AUTO_TEST_CASE(crashes, *isolatte::test::isolated() * boost::unit_test::disabled()) {
  std::abort();
}
