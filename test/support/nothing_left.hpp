// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_TEST_SUPPORT_NOTHING_LEFT_HPP
#define ISOLATTE_TEST_SUPPORT_NOTHING_LEFT_HPP

#include <string>
#include <vector>

namespace isolatte::test {

/// The process's open descriptors, each with what it leads to. Those that stay for ever by design
/// (the leash) are opened by the first call.
std::vector<std::string> open_descriptors();

/// The children of this process that exist, zombies included.
std::vector<int> children();
/// Whether this process has no children, ended or not. One that the kernel reaps by itself is gone
/// only a moment after its end can be seen.
bool children_vanish();

/// Whether a process of that number exists and is more than a zombie.
bool alive(int pid);

/// Blocks until the process is gone (or a zombie). ctest's timeout bounds the wait.
void wait_until_gone(int pid);

/// A fixture: checks at its end that neither a descriptor nor a child is left of the test.
class nothing_left {
 public:
  nothing_left();
  ~nothing_left();

 private:
  std::vector<std::string> before_;
};

}  // namespace isolatte::test

#endif
