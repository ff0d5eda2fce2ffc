// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// A text converts to bool, but is not what the constructor means.
// error: ISOLATTE_REGISTER_EXCEPTION: the exception type must be serialisable by
// Boost.Serialization

#include <isolatte/exception.hpp>

#include <stdexcept>

struct flag_error : std::runtime_error {
  explicit flag_error(bool verbose) : std::runtime_error(verbose ? "verbose" : "terse") {}
};
ISOLATTE_REGISTER_EXCEPTION(flag_error)
