// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// error: isolatte: an argument of call\(\) is a pointer

#include <isolatte/call.hpp>

void f(const char* text) {
  isolatte::call([](const char*) {}, text);
}
