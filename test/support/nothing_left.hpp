// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_TEST_SUPPORT_NOTHING_LEFT_HPP
#define ISOLATTE_TEST_SUPPORT_NOTHING_LEFT_HPP

#include <string>
#include <vector>

namespace isolatte::inline v0_1::test {

/// Returns the open descriptors of the process, each with its target. The first call makes the
/// leash, which stays open by design.
std::vector<std::string> open_descriptors();

/// Returns the children of this process, zombies included.
std::vector<int> children();
/// Waits up to 10 s until this process has no children, zombies included. A child that the kernel
/// reaps by itself disappears a moment after its end can be seen.
bool children_vanish();

/// Whether the process exists and is not a zombie.
bool alive(int pid);

/// Blocks until the process is gone or a zombie. The timeout of ctest limits the wait.
void wait_until_gone(int pid);

/// A fixture that checks at its end that no descriptor and no child of the test remains.
class nothing_left {
 public:
  nothing_left();
  ~nothing_left();

 private:
  std::vector<std::string> before_;
};

}  // namespace isolatte::inline v0_1::test

#endif
