// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_TEST_NEXT_CASES_HPP
#define ISOLATTE_LIB_TEST_NEXT_CASES_HPP

#include "plan.hpp"

#include <isolatte/config.hpp>

#include <vector>

namespace isolatte::inline v0_1::test {

/// Returns the cases that may be started while the given one runs, in the order in which the
/// framework will probably ask for them.
///
/// They see the program as it is now. So between the given case and one of them nothing may come
/// that changes the program: a case in the program itself, the fixture of a suite. Nor may the
/// framework decide later whether it runs: by a dependency, a precondition or a timeout.
std::vector<const isolated_case*> next_cases(const isolated_case& running);

}  // namespace isolatte::inline v0_1::test

#endif
