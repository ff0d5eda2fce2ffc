// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// error: isolatte: an argument of call\(\) is a string_view or span

#include <isolatte/call.hpp>

#include <string_view>

void f(std::string_view text) {
  isolatte::call([](std::string_view) {}, text);
}
