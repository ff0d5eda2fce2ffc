// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_CHILD_ARM_LEASH_HPP
#define ISOLATTE_LIB_POSIX_CHILD_ARM_LEASH_HPP

namespace isolatte::inline v0_1::posix {

/// Has the kernel kill this process, or its group, when the program that made it is gone; at once
/// if it is gone already. Async-signal-safe.
/// @param leash_fd the child's end of its leash
/// @return whether it worked; errno tells why not
bool arm_leash(int leash_fd, bool whole_group) noexcept;

}  // namespace isolatte::inline v0_1::posix

#endif
