// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_REMOTE_EXCEPTION_HPP
#define ISOLATTE_REMOTE_EXCEPTION_HPP

#include <isolatte/config.hpp>

#include <memory>
#include <string>

namespace isolatte::inline v0_1 {

namespace detail {

/// The texts of a remote_exception; shared, so that copying the exception cannot fail.
struct remote_details {
  std::string type_name;
  std::string message;
  std::string what;
  std::string diagnostics;
};

}  // namespace detail

/// A base class of an exception whose own type could not be rebuilt in the program.
///
/// The object thrown in the program derives from
/// - the nearest base class of the original that is registered (the standard ones always are), so
///   that `catch (const std::runtime_error&)` still catches;
/// - std::exception in any case, with the `what()` of the original;
/// - this class, which describes the original.
///
/// Objects that are no exceptions in the child, as in `throw 42`, arrive in the same way.
///
/// @code
/// try {
///   outcome.value();
/// } catch (const isolatte::remote_exception& e) {
///   log(e.type_name(), e.message());
/// }
/// @endcode
///
/// @par Thread safety
/// Distinct objects: safe. Shared objects: safe, because nothing in them changes.
class ISOLATTE_VISIBLE remote_exception {
 public:
  /// Destroys the interface.
  virtual ~remote_exception();

  /// Returns the type of the original.
  /// @return its demangled name, as in "acme::parse_error", without wrappers such as
  /// boost::wrapexcept
  const std::string& type_name() const noexcept { return details_->type_name; }

  /// Returns the message of the original.
  /// @return its `what()`; if a string or a number was thrown, that as text; empty if the original
  /// has no message
  const std::string& message() const noexcept { return details_->message; }

  /// Returns the boost::diagnostic_information() of the original, made in the child.
  /// @return the place of the throw, the type, the message and the boost::error_info objects as
  /// text; empty if the original was no boost::exception
  const std::string& diagnostics() const noexcept { return details_->diagnostics; }

 protected:
  /// @cond
  explicit remote_exception(std::shared_ptr<const detail::remote_details> details) noexcept;
  remote_exception(const remote_exception&) noexcept = default;
  remote_exception& operator=(const remote_exception&) noexcept = default;

  const char* remote_what() const noexcept { return details_->what.c_str(); }
  /// @endcond

 private:
  std::shared_ptr<const detail::remote_details> details_;
};

/// Says that the `what()` of an exception type is declared `final`.
///
/// An exception that derives from a registered one, and is itself not registered, arrives as a
/// class that derives from the registered one and overrides its `what()`. If `what()` is declared
/// final, registering the type does not compile. Specialise this variable to make it compile:
/// @code
/// template <> inline constexpr bool isolatte::what_is_final<acme::error> = true;
/// @endcode
/// @tparam T the exception type
template <class T>
inline constexpr bool what_is_final = false;

}  // namespace isolatte::inline v0_1

#endif
