// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// error: isolatte: this callable is to run in a process .*wrap it in isolatte::call

#include <isolatte.hpp>

void f(isolatte::worker_pool& pool) {
  pool.async_run([](int number) { return number; });
}
