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

/// Registers an exception type: its exceptions arrive in the program with that type.
///
/// Use the macro at namespace scope, in any namespace, in a source file or a header. The macro may
/// be used several times for one type:
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
/// The type has to be one of these:
/// - serialisable by Boost.Serialization, and constructible by default or from its message
/// - constructible from its message, which is what its `what()` returns
/// - without data of its own, and constructible by default
///
/// `serialize` carries the type's own members only. The contents of standard base classes (message,
/// error code, category, paths), nested exceptions and the diagnostic information of a
/// boost::exception travel by themselves. In a final class `serialize` has to be public.
///
/// A type that is constructed from its message should return that same message. If its constructor
/// decorates the message again, the exception arrives as a @ref isolatte::remote_exception that
/// derives from the type and has the right message.
///
/// The type need not be a class: after `ISOLATTE_REGISTER_EXCEPTION(int)`, `throw 42` arrives
/// as 42.
///
/// @par Thread safety
/// Registration happens while the program or a shared library is initialised, and ends when the
/// library is unloaded. Exceptions may be in transit meanwhile, except those of the library that is
/// being unloaded.
///
/// @param ... the type; commas in it need no parentheses
#define ISOLATTE_REGISTER_EXCEPTION(...) \
  ISOLATTE_DETAIL_REGISTER_EXCEPTION(__COUNTER__, __VA_ARGS__)

/// @cond
#define ISOLATTE_DETAIL_REGISTER_EXCEPTION(number, ...) \
  ISOLATTE_DETAIL_REGISTER_EXCEPTION_AS(number, __VA_ARGS__)
// The constant has internal linkage, so the names of two headers or sources cannot clash. All of
// them share the one registration in the template.
#define ISOLATTE_DETAIL_REGISTER_EXCEPTION_AS(number, ...)                    \
  [[maybe_unused]] static const bool isolatte_registered_exception_##number = \
      ::isolatte::detail::register_exception_once<__VA_ARGS__>();
/// @endcond

#endif
