// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_TEST_SUPPORT_FAIL_SCENARIOS_HPP
#define ISOLATTE_TEST_SUPPORT_FAIL_SCENARIOS_HPP

#include "support/fail_calls.hpp"

namespace isolatte::test {

// Each runs children of every kind, and checks what becomes of them: the operation completes, with
// the right error or the right ending, never with a wrong value, and nothing is left.

void fail_none();
/// Fails one call, then the next, until none is left to fail.
void fail_each(side where);
/// Fails one kind of call for ever, then the next kind.
void fail_every(side where);
/// Interrupts every second call.
void interrupt_all();

}  // namespace isolatte::test

#endif
