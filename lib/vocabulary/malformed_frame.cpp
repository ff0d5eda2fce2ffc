// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include <isolatte/detail/vocabulary/malformed_frame.hpp>

namespace isolatte::inline v0_1::detail {

malformed_frame::malformed_frame(const char* why) : std::runtime_error(why) {}
malformed_frame::~malformed_frame() = default;

void throw_malformed(const char* why) { throw malformed_frame(why); }

}  // namespace isolatte::inline v0_1::detail
