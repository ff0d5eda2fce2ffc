// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// error: isolatte: the function cannot be called with the resident's object, an lvalue, and these

#include <isolatte.hpp>

#include <string>

struct counter {
  int value = 0;
};

void f(isolatte::resident<counter>& held) {
  held.async_call(isolatte::call([](std::string& other) { other.clear(); }));
}
