// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_TEST_SUPPORT_SHARED_COUNTERS_HPP
#define ISOLATTE_TEST_SUPPORT_SHARED_COUNTERS_HPP

namespace isolatte::inline v0_1::test {

/// Has children count in this process's counters of gcov. A child leaves by _exit() or a signal,
/// and would write none of its own. Has an effect in the build `coverage` alone.
/// @return false if the memory cannot be shared
bool share_counters() noexcept;

/// Whether there are such counters. Tests that write rubbish to shared memory spare them.
bool is_counter(const void* memory) noexcept;

}  // namespace isolatte::inline v0_1::test

#endif
