// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_TEST_SUPPORT_SANITIZERS_HPP
#define ISOLATTE_TEST_SUPPORT_SANITIZERS_HPP

// Which sanitizers the tests are compiled for: some things they know only in their own way.

#ifdef __has_feature
#define ISOLATTE_TEST_HAS_FEATURE(feature) __has_feature(feature)
#else
#define ISOLATTE_TEST_HAS_FEATURE(feature) 0
#endif

namespace isolatte::test {

/// Its shadow memory is larger than any limit of the address space that would mean something, and
/// its allocator ends the process where malloc would refuse.
#if defined(__SANITIZE_ADDRESS__) || ISOLATTE_TEST_HAS_FEATURE(address_sanitizer)
inline constexpr bool with_asan = true;
#else
inline constexpr bool with_asan = false;
#endif

/// The same is true of it.
#if defined(__SANITIZE_THREAD__) || ISOLATTE_TEST_HAS_FEATURE(thread_sanitizer)
inline constexpr bool with_tsan = true;
#else
inline constexpr bool with_tsan = false;
#endif

/// Whether malloc is the system's: limits bind it, and it says no.
inline constexpr bool malloc_refuses = !with_asan && !with_tsan;

/// Its check of virtual calls opens a pipe to find out what may be read, and ends the process where
/// it cannot. GCC does not tell whether it is there, but it comes with ASan in this project.
inline constexpr bool ubsan_needs_descriptors =
    with_asan || ISOLATTE_TEST_HAS_FEATURE(undefined_behavior_sanitizer);

}  // namespace isolatte::test

#undef ISOLATTE_TEST_HAS_FEATURE

#endif
