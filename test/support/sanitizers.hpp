// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_TEST_SUPPORT_SANITIZERS_HPP
#define ISOLATTE_TEST_SUPPORT_SANITIZERS_HPP

// Tells which sanitizer the tests are built with, because some tests cannot hold under one.

#ifdef __has_feature
#define ISOLATTE_TEST_HAS_FEATURE(feature) __has_feature(feature)
#else
#define ISOLATTE_TEST_HAS_FEATURE(feature) 0
#endif

namespace isolatte::inline v0_1::test {

/// AddressSanitizer's shadow memory is larger than any useful limit of the address space, and its
/// allocator ends the process if malloc would return null.
#if defined(__SANITIZE_ADDRESS__) || ISOLATTE_TEST_HAS_FEATURE(address_sanitizer)
inline constexpr bool with_asan = true;
#else
inline constexpr bool with_asan = false;
#endif

/// ThreadSanitizer behaves in the same way.
#if defined(__SANITIZE_THREAD__) || ISOLATTE_TEST_HAS_FEATURE(thread_sanitizer)
inline constexpr bool with_tsan = true;
#else
inline constexpr bool with_tsan = false;
#endif

/// Whether malloc is the system's: limits apply to it, and it returns null.
inline constexpr bool malloc_refuses = !with_asan && !with_tsan;

/// UBSan's check of virtual calls opens a pipe to probe memory, and ends the process if it gets no
/// descriptor. GCC does not tell whether UBSan is on, but this project always combines it with
/// ASan.
inline constexpr bool ubsan_needs_descriptors =
    with_asan || ISOLATTE_TEST_HAS_FEATURE(undefined_behavior_sanitizer);

}  // namespace isolatte::inline v0_1::test

#undef ISOLATTE_TEST_HAS_FEATURE

#endif
