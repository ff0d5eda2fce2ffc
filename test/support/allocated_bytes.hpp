// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_TEST_SUPPORT_ALLOCATED_BYTES_HPP
#define ISOLATTE_TEST_SUPPORT_ALLOCATED_BYTES_HPP

#include <atomic>
#include <cstddef>

namespace isolatte::inline v0_1::test {

/// The bytes that operator new has been asked for, in a program one of whose sources includes
/// failing_new.hpp.
inline std::atomic<std::size_t> allocated_bytes{0};

}  // namespace isolatte::inline v0_1::test

#endif
