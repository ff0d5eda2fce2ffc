// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_CHILD_LIMITS_HPP
#define ISOLATTE_LIB_POSIX_CHILD_LIMITS_HPP

#include <isolatte/resource_limits.hpp>

namespace isolatte::inline v0_1::posix {

/// Imposes the limits on this process. Async-signal-safe.
/// @return whether all took hold; errno tells why not
bool apply_limits(const resource_limits& limits) noexcept;

/// Keeps this process from dumping core, which would be a file that no sandbox names.
/// @return whether it worked; errno tells why not
bool forbid_cores() noexcept;

}  // namespace isolatte::inline v0_1::posix

#endif
