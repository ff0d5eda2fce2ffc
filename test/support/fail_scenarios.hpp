// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_TEST_SUPPORT_FAIL_SCENARIOS_HPP
#define ISOLATTE_TEST_SUPPORT_FAIL_SCENARIOS_HPP

#include "support/fail_calls.hpp"

namespace isolatte::inline v0_1::test {

// Each function runs children of every kind. Every operation has to complete with the right error
// or the right ending, and never with a wrong value. No child and no descriptor may remain.

void fail_none();
/// Fails the first call, then the second, until a run makes fewer calls.
void fail_each(side where);
/// Fails every call of one kind, then of the next kind.
void fail_every(side where);
/// Fails every second call with EINTR.
void interrupt_all();

}  // namespace isolatte::inline v0_1::test

#endif
