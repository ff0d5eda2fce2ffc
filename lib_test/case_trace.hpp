// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_TEST_CASE_TRACE_HPP
#define ISOLATTE_LIB_TEST_CASE_TRACE_HPP

#include <isolatte/config.hpp>

#include <string>
#include <string_view>

namespace isolatte::inline v0_1::test {

/// Returns a stack trace without the frames below the function of the case, and with no newline at
/// its end. A function that is called again and again is told once, and how often.
std::string trace_of_case(std::string_view trace);

}  // namespace isolatte::inline v0_1::test

#endif
