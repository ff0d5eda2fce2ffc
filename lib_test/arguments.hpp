// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_TEST_ARGUMENTS_HPP
#define ISOLATTE_LIB_TEST_ARGUMENTS_HPP

#include <isolatte/config.hpp>

#include <cstddef>

namespace isolatte::inline v0_1::test {

/// The arguments of the module that are for this library. The others are the module's own.
struct arguments {
  /// How many cases may run at once: `--jobs N`.
  std::size_t jobs = 1;
  /// Whether the cases run in the program after all, but for death tests: `--in-program`.
  bool in_program = false;
};

/// Reads the arguments of the module.
/// @throws boost::unit_test::framework::setup_error if one of them is this library's by its
/// beginning, and makes no sense
arguments read_arguments();

}  // namespace isolatte::inline v0_1::test

#endif
