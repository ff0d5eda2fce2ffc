// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// error: associated constraints|constraints not satisfied|no matching (member )?function

#include <isolatte.hpp>

void f(isolatte::fork_server& server) {
  server.async_fork([] { return 1; });
}
