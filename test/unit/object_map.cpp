// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/object_map.hpp"

#include "support/fail_calls.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <memory>

#include <unistd.h>

namespace object_map_test {

using isolatte::test::fail_calls;
using isolatte::test::failure;

int own_function() { return 1; }

BOOST_AUTO_TEST_SUITE(object_map)

BOOST_AUTO_TEST_CASE(the_loader_tells_what_the_kernel_does_not) {
  auto const address = reinterpret_cast<std::uintptr_t>(own_function);
  auto const told = isolatte::posix::object_map::of_this_process().find(address);
  fail_calls const no_files{{.how = failure::mode::every, .entry = "open"}};
  auto const map = isolatte::posix::object_map::of_this_process();
  auto const found = map.find(address);
  BOOST_REQUIRE(told.has_value());
  BOOST_REQUIRE(found.has_value());
  BOOST_TEST(found->offset == told->offset);
  BOOST_TEST((found->version == told->version));
  // In no object file.
  auto const heap = std::make_unique<int>(1);
  BOOST_TEST(!map.find(reinterpret_cast<std::uintptr_t>(heap.get())).has_value());
  BOOST_TEST(!isolatte::posix::object_map::of_process(::getpid()).has_value());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace object_map_test
