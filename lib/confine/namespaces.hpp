// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_CONFINE_NAMESPACES_HPP
#define ISOLATTE_LIB_CONFINE_NAMESPACES_HPP

namespace isolatte::inline v0_1::confine {

/// Moves this process to new namespaces. Without the privilege for that, a user namespace is among
/// them, in which user and group are what they were. Async-signal-safe; for a process with one
/// thread.
/// @param flags those of unshare()
/// @return whether it worked; errno tells why not
bool enter_new_namespaces(int flags, bool& with_user) noexcept;

}  // namespace isolatte::inline v0_1::confine

#endif
