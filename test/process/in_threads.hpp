// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_TEST_PROCESS_IN_THREADS_HPP
#define ISOLATTE_TEST_PROCESS_IN_THREADS_HPP

#include <thread>
#include <vector>

namespace isolatte::test {

/// Runs it in so many threads at once, with the number of each. Boost.Test's checks are not for
/// several threads: mistakes have to be counted there.
template <class F>
void in_threads(int count, F f) {
  std::vector<std::thread> threads;
  for (int i = 0; i != count; ++i) threads.emplace_back([f, i] { f(i); });
  for (auto& thread : threads) thread.join();
}

}  // namespace isolatte::test

#endif
