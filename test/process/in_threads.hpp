// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_TEST_PROCESS_IN_THREADS_HPP
#define ISOLATTE_TEST_PROCESS_IN_THREADS_HPP

#include <thread>
#include <vector>

namespace isolatte::inline v0_1::test {

/// Runs a function in several threads at once, with the number of each. Boost.Test's checks are not
/// thread-safe, so the function has to count mistakes instead.
template <class F>
void in_threads(int count, F f) {
  std::vector<std::thread> threads;
  for (int i = 0; i != count; ++i) threads.emplace_back([f, i] { f(i); });
  for (auto& thread : threads) thread.join();
}

}  // namespace isolatte::inline v0_1::test

#endif
