// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_LAUNCH_DESCRIBE_END_HPP
#define ISOLATTE_LIB_LAUNCH_DESCRIBE_END_HPP

#include <isolatte/detail/vocabulary/report.hpp>

#include <string>

namespace isolatte::inline v0_1::launch {

/// Says in words how a step has ended: "preloading: threw: std::runtime_error: no rules".
/// @param step what ended so, in a few words
std::string describe_end(const char* step, const detail::report& what);

}  // namespace isolatte::inline v0_1::launch

#endif
