// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// error: isolatte: and_then takes a function that returns an outcome

#include <isolatte.hpp>

void f(isolatte::outcome<int> what) {
  static_cast<void>(what.and_then([](int number) { return number; }));
}
