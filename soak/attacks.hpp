// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_SOAK_ATTACKS_HPP
#define ISOLATTE_SOAK_ATTACKS_HPP

#include "work.hpp"

namespace soak {

// Deeds against the library, by code that has gone wrong or is hostile. Each ends in one of several
// ways: the job's own outcome may be anything but another value, and no other job may notice. A
// job with `microseconds` ends its process afterwards.

/// Closes every descriptor.
void close_all(const work& what);
/// Writes random bytes to every descriptor.
void garble(const work& what);
/// Writes to every descriptor what the library might read there: right headers, with sizes, kinds
/// and numbers that are not.
void forge(const work& what);
/// Writes random bytes over all memory that is shared with other processes.
void scribble(const work& what);

}  // namespace soak

#endif
