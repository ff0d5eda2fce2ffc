// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// error: ISOLATTE_REGISTER_EXCEPTION: the exception type must be serialisable by
// Boost.Serialization

#include <isolatte/exception.hpp>

struct mute_error {
  explicit mute_error(int n) : number(n) {}
  int number;
};
ISOLATTE_REGISTER_EXCEPTION(mute_error)
