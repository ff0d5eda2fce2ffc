// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_TEST_SUPPORT_IN_CHILDREN_HPP
#define ISOLATTE_TEST_SUPPORT_IN_CHILDREN_HPP

#include <isolatte/config.hpp>

#if defined(ISOLATTE_TEST_IN_CHILDREN)
#include <isolatte/test.hpp>
#endif

#include <boost/test/tree/decorator.hpp>

namespace isolatte::inline v0_1::test {

/// A decorator for a suite whose cases may crash or hang if the library has a fault: each runs in a
/// child, so the other cases run all the same. Without isolatte::test they run in the program.
#if defined(ISOLATTE_TEST_IN_CHILDREN)
inline isolated in_children() { return isolated{}; }
#else
inline boost::unit_test::decorator::description in_children() {
  return boost::unit_test::decorator::description{""};
}
#endif

}  // namespace isolatte::inline v0_1::test

#endif
