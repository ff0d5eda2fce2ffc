// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_CHILD_CHILD_STDIO_HPP
#define ISOLATTE_LIB_POSIX_CHILD_CHILD_STDIO_HPP

namespace isolatte::inline v0_1::posix {

/// Drops what the parent had buffered in stdio and in the standard iostreams and not written yet,
/// so that it is not written twice. If standard input is a new one, drops what had been read ahead
/// of the old.
void discard_parents_buffers(bool new_input) noexcept;

/// Writes what the child has buffered.
void flush_buffers() noexcept;

}  // namespace isolatte::inline v0_1::posix

#endif
