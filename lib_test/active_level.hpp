// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_TEST_ACTIVE_LEVEL_HPP
#define ISOLATTE_LIB_TEST_ACTIVE_LEVEL_HPP

#include <isolatte/config.hpp>

#include <boost/test/detail/log_level.hpp>

namespace isolatte::inline v0_1::test {

/// Returns the lowest level of an entry that one of the active formats of the log wants to have, or
/// `log_nothing`. Only a child may ask: afterwards the log has no streams.
/// @throws std::logic_error if an entry of the log has been begun and not ended
boost::unit_test::log_level take_active_level();

}  // namespace isolatte::inline v0_1::test

#endif
