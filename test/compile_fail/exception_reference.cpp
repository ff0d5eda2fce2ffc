// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// error: ISOLATTE_REGISTER_EXCEPTION takes a class, a number or an enumeration

#include <isolatte/exception.hpp>

#include <stdexcept>

ISOLATTE_REGISTER_EXCEPTION(const std::runtime_error&)
