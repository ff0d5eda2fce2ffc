// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include <isolatte/detail/vocabulary/unknown_code.hpp>

namespace isolatte::inline v0_1::detail {

unknown_code::unknown_code() : malformed_frame{"isolatte: this process lacks the function"} {}
unknown_code::~unknown_code() = default;

}  // namespace isolatte::inline v0_1::detail
