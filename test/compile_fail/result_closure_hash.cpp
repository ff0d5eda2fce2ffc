// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// error: isolatte: the container's order, hash or equality cannot travel

#include <isolatte.hpp>

#include <cstddef>
#include <string>
#include <unordered_map>

void f() {
  isolatte::fork([] {
    auto const hash = [salt = 1](int value) { return static_cast<std::size_t>(value ^ salt); };
    return std::unordered_map<int, std::string, decltype(hash)>(8, hash);
  });
}
