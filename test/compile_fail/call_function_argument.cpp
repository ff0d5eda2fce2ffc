// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// error: isolatte: an argument of call\(\) is a function

#include <isolatte/call.hpp>

int one();
void f() {
  isolatte::call([](int (*function)()) { return function(); }, one);
}
