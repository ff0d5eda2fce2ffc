// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_CHILD_CHILD_EXIT_HPP
#define ISOLATTE_LIB_POSIX_CHILD_CHILD_EXIT_HPP

namespace isolatte::inline v0_1::posix {

/// Makes exit() and quick_exit() end this process before the handlers and destructors that the
/// parent registered. Handlers that the child registers still run.
/// @return whether it worked; errno tells why not
bool hook_exit() noexcept;

/// Keeps coverage and profiling from writing: the process can open no files.
void forgo_profile() noexcept;

/// Ends the process at once, after coverage and profiling have written their data.
[[noreturn]] void leave(int code) noexcept;

}  // namespace isolatte::inline v0_1::posix

#endif
