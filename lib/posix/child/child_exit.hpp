// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_CHILD_CHILD_EXIT_HPP
#define ISOLATTE_LIB_POSIX_CHILD_CHILD_EXIT_HPP

#include "posix/child_page.hpp"

namespace isolatte::inline v0_1::posix {

/// Makes exit() and quick_exit() end this process before the handlers and destructors that the
/// parent registered. Handlers that the child registers still run. To be called by the thread that
/// runs the callable.
/// @param page where the hooks note that another thread has called exit()
/// @return whether it worked; errno tells why not
bool hook_exit(child_page_data& page) noexcept;

/// A function that is called with its context; empty if it is null.
struct last_step {
  void (*call)(const void* context) noexcept = nullptr;
  const void* context = nullptr;
};

/// Ends the process as a return from main() does, but for the destructors of thread_local objects:
/// runs the handlers that the child has registered with atexit(), and the destructors of its static
/// objects, flushes, and performs the last step.
[[noreturn]] void leave_main(int code, last_step last = {}) noexcept;

/// Keeps coverage and profiling from writing: the process can open no files.
void forgo_profile() noexcept;

/// Ends the process at once, after coverage and profiling have written their data.
[[noreturn]] void leave(int code) noexcept;

}  // namespace isolatte::inline v0_1::posix

#endif
