// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include <isolatte/config.hpp>

namespace isolatte::inline v0_1::detail {

const char built_with_boost = 0;

}  // namespace isolatte::inline v0_1::detail
