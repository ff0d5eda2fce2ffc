// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_EXCEPTION_REBUILT_HPP
#define ISOLATTE_LIB_EXCEPTION_REBUILT_HPP

#include <isolatte/detail/exception/rebuilt.hpp>

#include <exception>

namespace isolatte::inline v0_1::detail {

/// Rebuilds an exception of no registered type, as a std::exception that is remote.
std::exception_ptr assemble_remote(const exception_plan& plan);

}  // namespace isolatte::inline v0_1::detail

#endif
