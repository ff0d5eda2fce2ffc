// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// error: isolatte: the callable's result type cannot travel

#include <isolatte.hpp>

#include <vector>

struct mute {};
void f() {
  isolatte::fork([] { return std::vector<mute>(); });
}
