// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// error: isolatte: the function cannot be called with these arguments

#include <isolatte/call.hpp>

#include <string>

void f() {
  isolatte::call([](int) {}, std::string{"text"});
}
