// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// error: isolatte: this callable is to run on another machine.*wrap it in isolatte::call
// errors: 1

#include <isolatte.hpp>

auto f() {
  return isolatte::detail::encode_distant_call([] { return 1; });
}
