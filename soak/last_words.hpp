// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_SOAK_LAST_WORDS_HPP
#define ISOLATTE_SOAK_LAST_WORDS_HPP

namespace soak {

/// Has this process, but none of its children, tell where it is if it crashes: its standard error
/// is the null device.
void tell_of_crashes();

}  // namespace soak

#endif
