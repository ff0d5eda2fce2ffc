// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_CONFIG_HPP
#define ISOLATTE_CONFIG_HPP

/// @file
/// The version of the library, and the visibility of its symbols.

/// Version as one number: major * 100000 + minor * 100 + patch, as Boost counts.
#define ISOLATTE_VERSION 100

/// Marks what the compiled library exports.
#if defined(ISOLATTE_SHARED)
#define ISOLATTE_DECL __attribute__((visibility("default")))
#else
#define ISOLATTE_DECL
#endif

/// Gives a class one type identity across shared libraries, so that it can be thrown and caught.
#define ISOLATTE_VISIBLE __attribute__((visibility("default")))

/// Isolated callables as asynchronous operations of Boost.Asio.
namespace isolatte {}

#endif
