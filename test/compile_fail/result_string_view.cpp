// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// error: isolatte: a string_view or span cannot travel

#include <isolatte.hpp>

#include <string_view>

void f() {
  isolatte::fork([] { return std::string_view("text"); });
}
