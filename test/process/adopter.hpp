// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_TEST_PROCESS_ADOPTER_HPP
#define ISOLATTE_TEST_PROCESS_ADOPTER_HPP

#include "helpers.hpp"
#include "support/nothing_left.hpp"

#include <vector>

#include <sys/prctl.h>

namespace isolatte::inline v0_1::test {

/// Makes this process a sub-reaper, so that orphans of programs that end become its children.
class adopter {
 public:
  adopter() { ::prctl(PR_SET_CHILD_SUBREAPER, 1); }
  ~adopter() {
    ::prctl(PR_SET_CHILD_SUBREAPER, 0);
    for (int const pid : adopted()) end_child(pid);
  }
  adopter(const adopter&) = delete;
  adopter& operator=(const adopter&) = delete;
  std::vector<int> adopted() const { return children(); }
};

}  // namespace isolatte::inline v0_1::test

#endif
