// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// The header-only variant of Boost.Test, and a global fixture that isolates.

#define BOOST_TEST_MODULE included
#include <isolatte/test.hpp>

#include <boost/test/included/unit_test.hpp>

#include <chrono>
#include <cstdlib>

using namespace std::chrono_literals;

//[all
struct in_children : isolatte::test::isolate_all {
  in_children() : isolate_all({.timeout = 60s}) {}
};
BOOST_TEST_GLOBAL_FIXTURE(in_children);
//]

BOOST_AUTO_TEST_CASE(leaves) { std::exit(3); }

BOOST_AUTO_TEST_CASE(fails) { BOOST_TEST(1 == 2); }

BOOST_AUTO_TEST_CASE(passes) { BOOST_TEST(true); }
