// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_THIS_PROCESS_HPP
#define ISOLATTE_LIB_POSIX_THIS_PROCESS_HPP

#include <string>

namespace isolatte::inline v0_1::posix {

/// The environment variables of this process, null-terminated.
const char* const* own_variables() noexcept;

/// The number of the process group that this process is in.
int own_group() noexcept;

/// Whether this process has a controlling terminal.
bool has_terminal() noexcept;

/// The foreground group of the terminal that the descriptor is, or -1 if that is not this process's
/// controlling terminal.
int foreground_group(int fd) noexcept;

/// Whether the descriptor is this process's controlling terminal, and this process is in its
/// foreground.
bool is_in_foreground_of(int fd) noexcept;

/// Whether processes whose parent ends can become children of this process.
bool adopts_orphans() noexcept;

/// The folders in which programs are looked up if no environment has a `PATH`.
std::string default_path();

}  // namespace isolatte::inline v0_1::posix

#endif
