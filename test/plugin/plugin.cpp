// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// A library for tests to load late.

extern "C" [[gnu::visibility("default")]] int plugin_twice(int n) { return 2 * n; }

// A sanitizer would report the fault before it happens.
extern "C" __attribute__((visibility("default"), no_sanitize("address"), no_sanitize("undefined"),
                          no_sanitize("thread"))) int
plugin_fault() {
  int* volatile const null = nullptr;
  return *null + 1;
}
