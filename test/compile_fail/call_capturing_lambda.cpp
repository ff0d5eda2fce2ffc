// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// error: isolatte: this function object is not transportable: a lambda must not capture

#include <isolatte/call.hpp>

void f(int i) {
  isolatte::call([i] { return i; });
}
