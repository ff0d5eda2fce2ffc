// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// error: ISOLATTE_REGISTER_EXCEPTION: the exception type must be movable and not abstract

#include <isolatte/exception.hpp>

#include <stdexcept>

struct abstract_error : std::runtime_error {
  using std::runtime_error::runtime_error;
  virtual int code() const = 0;
};
ISOLATTE_REGISTER_EXCEPTION(abstract_error)
