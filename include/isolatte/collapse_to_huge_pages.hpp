// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_COLLAPSE_TO_HUGE_PAGES_HPP
#define ISOLATTE_COLLAPSE_TO_HUGE_PAGES_HPP

#include <isolatte/config.hpp>

#include <cstdint>

namespace isolatte::inline v0_1 {

/// Moves the program's memory into huge pages, so that its forks copy few page table entries.
///
/// A program with gigabytes of memory forks in a small part of the time after this, and its
/// children read and write that memory as before. Call this once, when the program has built what
/// it keeps. A @ref fork_server does the same for itself after fork_server_options::preload.
///
/// The call moves private memory without a file, at addresses that fill a huge page of which at
/// least three quarters are in use. So the resident memory grows by a third at most. Memory stays
/// as it is if it is locked, shared, a stack, swapped out, excluded from children (by
/// @ref exclude_from_children), or advised against huge pages or copies (`MADV_NOHUGEPAGE`,
/// `MADV_WIPEONFORK`, `MADV_MERGEABLE`, a `userfaultfd`). Pages that the program still shares with
/// a child, or with its parent, are copied.
///
/// Moving 1 GiB takes about a second. If the kernel cannot (before Linux 6.1), refuses, or has no
/// huge pages left, memory stays where it is, and nothing else changes. Memory that is allocated
/// later is not moved.
///
/// @return the bytes that have been moved into huge pages
///
/// @par Exception safety
/// No-throw guarantee.
/// @par Thread safety
/// May be called from any thread. Other threads may go on, fork, and map and unmap memory; one that
/// touches memory which is being moved waits for that.
ISOLATTE_DECL std::uint64_t collapse_to_huge_pages() noexcept;

}  // namespace isolatte::inline v0_1

#endif
