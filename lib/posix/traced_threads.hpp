// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_TRACED_THREADS_HPP
#define ISOLATTE_LIB_POSIX_TRACED_THREADS_HPP

namespace isolatte::inline v0_1::posix {

// A thread can ask to be traced by the parent of its process (PTRACE_TRACEME). After its end a
// traced thread is a zombie until its tracer has reaped it, and the kernel reports no end of a
// process that has such a thread: the process descriptor does not become readable, and waitid()
// tells of nothing.

/// Tells what is known of the threads of a process.
enum class thread_ends { some_run, all_ended, unknown };

/// Reaps the threads of a child that this process traces, if all threads of the child have ended.
/// Nothing is touched while one runs, since the program may be a debugger.
/// @param pid an unreaped child of this process
/// @return `unknown` if there is no `/proc`, for instance
thread_ends reap_traced_threads(int pid) noexcept;

}  // namespace isolatte::inline v0_1::posix

#endif
