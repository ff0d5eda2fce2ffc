// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// error: isolatte: the container's order, hash or equality cannot travel

#include <isolatte.hpp>

#include <set>

void f() {
  isolatte::fork([] { return std::set<int, bool (*)(int, int)>(); });
}
