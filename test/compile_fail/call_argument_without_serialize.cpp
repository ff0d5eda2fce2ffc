// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// error: isolatte: an argument of call\(\) is not transportable

#include <isolatte/call.hpp>

#include <string>

struct mute {
  std::string text;
};
void f() {
  isolatte::call([](const mute&) {}, mute{});
}
