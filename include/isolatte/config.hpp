// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_CONFIG_HPP
#define ISOLATTE_CONFIG_HPP

#include <boost/version.hpp>

/// @file
/// Version, symbol visibility, and what the library requires of its users' builds.

/// Version as one number: major * 100000 + minor * 100 + patch, as Boost counts.
///
/// The builds, the package files and the documentation take the version from this line.
#define ISOLATTE_VERSION 100

/// @cond
// The missing header ends the compilation. Without it the error before would be one of many.
#if __cplusplus <= 201703L
#error "isolatte needs C++20: -std=c++20"
#include <the_error_above_ends_the_compilation>
#elif !defined(__cpp_exceptions) || !defined(__cpp_rtti)
#error "isolatte needs exceptions and run-time type information: -fexceptions -frtti"
#include <the_error_above_ends_the_compilation>
#elif BOOST_VERSION < 108100
#error "isolatte needs Boost 1.81 or later"
#include <the_error_above_ends_the_compilation>
#endif
/// @endcond

/// Marks what the compiled library exports.
#if defined(ISOLATTE_SHARED)
#define ISOLATTE_DECL __attribute__((visibility("default")))
#else
#define ISOLATTE_DECL
#endif

/// Gives a class one type identity across shared libraries, so that it can be thrown and caught.
#define ISOLATTE_VISIBLE __attribute__((visibility("default")))

/// Isolated callables as asynchronous operations of Boost.Asio.
namespace isolatte {

/// All that the library declares. The name changes with the ABI, and is part of every symbol, so
/// objects that were compiled against another ABI do not link. Programs leave the name out.
inline namespace v0_1 {}

}  // namespace isolatte

/// @cond
// Types of Boost are part of the interface, and their layout differs between releases of Boost. The
// library defines a symbol that is named after its release, and every user's object file refers to
// the one of its own release. A mixture therefore fails at the link; without this it would crash.
namespace isolatte::inline v0_1::detail {
extern ISOLATTE_DECL const char built_with_boost __asm__(
    "isolatte_built_with_boost_" BOOST_LIB_VERSION);
#if defined(__has_attribute) && __has_attribute(retain)
// --gc-sections must not discard the reference.
__attribute__((used, retain))
#else
__attribute__((used))
#endif
static const char* const needs_boost = &built_with_boost;
}  // namespace isolatte::inline v0_1::detail
/// @endcond

#endif
