// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// error: isolatte: this function object is not transportable: a lambda must not capture

#include <isolatte.hpp>

isolatte::fork_server_options f(int number) {
  return {.preload = [number] { return number; }};
}
