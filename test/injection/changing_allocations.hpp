// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_TEST_INJECTION_CHANGING_ALLOCATIONS_HPP
#define ISOLATTE_TEST_INJECTION_CHANGING_ALLOCATIONS_HPP

// Each of these makes one allocation after the other fail. They are defined in the one source that
// replaces operator new.

namespace allocations_test {

/// A server preloads, a pool is recycled, grows, and is resumed.
void fail_each_of_changes();
/// A pool runs jobs, drains, maps, and runs one job everywhere.
void fail_each_of_pools();
void fail_each_of_retiring_worker();
void fail_each_for_large_result();
void fail_each_while_fault_is_named();

}  // namespace allocations_test

#endif
