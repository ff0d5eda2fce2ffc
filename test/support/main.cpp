// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "support/shared_counters.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdio>
#include <cstdlib>

#include <unistd.h>

int main(int argc, char* argv[]) {
  if (!isolatte::test::share_counters()) {
    std::perror("the counters of gcov cannot be shared");
    return 1;
  }
  // ctest leaves its log open in every test, and a second ctest in the folder renames that log. A
  // test that compares the names of open descriptors would then fail.
  for (int fd = 3; fd != 1024; ++fd) ::close(fd);
  // Otherwise Boost.Test would catch the signals that tests send, and report failures of children.
  ::setenv("BOOST_TEST_CATCH_SYSTEM_ERRORS", "no", 0);
  return boost::unit_test::unit_test_main([] { return true; }, argc, argv);
}
