// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_CHILD_CHILD_EXIT_HPP
#define ISOLATTE_LIB_POSIX_CHILD_CHILD_EXIT_HPP

namespace isolatte::posix {

/// In the child: makes exit() and quick_exit() end the process before the handlers and destructors
/// that the parent registered; those registered in the child still run.
/// @return whether it worked; errno tells why not
bool hook_exit() noexcept;

/// Ends the process, with what coverage and profiling want to write at an end.
[[noreturn]] void leave(int code) noexcept;

}  // namespace isolatte::posix

#endif
