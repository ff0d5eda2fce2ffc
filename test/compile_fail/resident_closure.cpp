// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// error: isolatte: what a resident is to run is sent to its process: wrap it in isolatte::call

#include <isolatte.hpp>

struct counter {
  int value = 0;
};

void f(isolatte::resident<counter>& held) {
  held.async_call([](counter& c) { return c.value; });
}
