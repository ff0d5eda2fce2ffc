// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_EXCEPTION_HPP
#define ISOLATTE_EXCEPTION_HPP

/// @file
/// How exceptions travel from the child to the program.

#include <isolatte/config.hpp>
#include <isolatte/detail/exception/adapter.hpp>
#include <isolatte/detail/exception/registry.hpp>
#include <isolatte/remote_exception.hpp>
#include <isolatte/serialization.hpp>

/// Lets exceptions of one type arrive in the program as what they were in the child.
///
/// To be used at namespace scope, in any namespace, in a source file or a header, once or several
/// times for one type:
///
/// @code
/// struct parse_error : std::runtime_error {
///   explicit parse_error(const std::string& message, int line = 0);
///   template <class Archive> void serialize(Archive& ar, unsigned) { ar & line; }
///   int line;
/// };
/// ISOLATTE_REGISTER_EXCEPTION(parse_error)
/// @endcode
///
/// The type is either serialisable by Boost.Serialization, and then constructible by default or
/// from its message; or constructible from its message (what its `what()` returns) alone. What a
/// standard base class holds (message, error code, category, paths) travels by itself, so does a
/// nested exception, and so does the diagnostic information of a boost::exception: `serialize`
/// speaks of the type's own members only. A type that only its message rebuilds should give that
/// same message back; one that decorates it again arrives as a @ref isolatte::remote_exception,
/// derived from the type, with the right message.
///
/// In a final class `serialize` has to be public to be found. A class without any data of its own
/// needs neither `serialize` nor a constructor that takes a message.
///
/// A type need not be a class: `ISOLATTE_REGISTER_EXCEPTION(int)` lets `throw 42` arrive as 42.
///
/// @par Thread safety
/// Registration happens while the program or a shared library is initialised, and ends when the
/// library is unloaded. Both are safe beside exceptions in transit, except those of the library
/// that is being unloaded.
///
/// @param ... the type; commas in it need no parentheses
#define ISOLATTE_REGISTER_EXCEPTION(...) \
  ISOLATTE_DETAIL_REGISTER_EXCEPTION(__COUNTER__, __VA_ARGS__)

/// @cond
#define ISOLATTE_DETAIL_REGISTER_EXCEPTION(number, ...) \
  ISOLATTE_DETAIL_REGISTER_EXCEPTION_AS(number, __VA_ARGS__)
// Internal linkage: neither two headers nor two sources can clash over the name, and all of them
// share the one registration in the template.
#define ISOLATTE_DETAIL_REGISTER_EXCEPTION_AS(number, ...)                    \
  [[maybe_unused]] static const bool isolatte_registered_exception_##number = \
      ::isolatte::detail::register_exception_once<__VA_ARGS__>();
/// @endcond

#endif
