// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// error: isolatte: this pointer cannot travel

#include <isolatte.hpp>

#include <functional>

void f() {
  isolatte::fork([] { return "text"; });
}
