// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_CHILD_CHILD_STDIO_HPP
#define ISOLATTE_LIB_POSIX_CHILD_CHILD_STDIO_HPP

#include <array>

namespace isolatte::inline v0_1::posix {

/// For each of 0, 1 and 2, whether the child has another file there than its parent.
using replaced_streams = std::array<bool, 3>;

/// Drops what the parent had buffered in stdio and in the standard streams of C++ and not written
/// yet, so that it is not written twice. The streams of a replaced number have nothing read ahead
/// then, and no error or end-of-file of the parent's.
void discard_parents_buffers(const replaced_streams& replaced) noexcept;

/// Writes what the child has buffered in stdio and in the standard streams of C++. Never waits for
/// another thread: a stream that such a thread has locked keeps what it holds.
void flush_buffers() noexcept;

}  // namespace isolatte::inline v0_1::posix

#endif
