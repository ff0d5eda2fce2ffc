// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_EXAMPLE_JUDGE_SUBMISSIONS_HPP
#define ISOLATTE_EXAMPLE_JUDGE_SUBMISSIONS_HPP

#include <string>
#include <string_view>

namespace judge {

/// Evaluates an untrusted submission: `1 + 2 * (3 - 4)`, or one of the words that attack the judge.
/// @throws std::invalid_argument if it is neither
std::string evaluate(std::string_view submission);

}  // namespace judge

#endif
