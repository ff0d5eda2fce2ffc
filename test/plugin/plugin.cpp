// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// A library for tests to load late.

extern "C" [[gnu::visibility("default")]] int plugin_twice(int n) { return 2 * n; }

extern "C" [[gnu::visibility("default")]] int plugin_fault() {
  int* volatile const null = nullptr;
  return *null + 1;
}
