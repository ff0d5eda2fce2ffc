// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_REMOTE_EXCEPTION_HPP
#define ISOLATTE_REMOTE_EXCEPTION_HPP

#include <isolatte/config.hpp>

#include <memory>
#include <string>

namespace isolatte {

namespace detail {

/// The texts of a remote_exception. Copies share them, so copying cannot fail.
struct remote_details {
  std::string type_name;
  std::string message;
  std::string what;
  std::string diagnostics;
};

}  // namespace detail

/// An exception of the child whose own type could not be rebuilt.
///
/// The object that is thrown in the program derives from
/// - the nearest base class of the original that is registered. The standard ones always are, so
///   `catch (const std::runtime_error&)` still catches
/// - std::exception, with the original's `what()`
/// - remote_exception, which tells what the original was
///
/// An object that is no exception, as in `throw 42`, arrives in the same way.
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
/// Distinct objects: safe. Shared objects: safe, because they never change.
class ISOLATTE_VISIBLE remote_exception {
 public:
  /// Destroys the part of the exception that tells what the original was.
  virtual ~remote_exception();

  /// The type of the original.
  /// @return its demangled name, as in "acme::parse_error", without wrappers such as
  /// boost::wrapexcept
  const std::string& type_name() const noexcept { return details_->type_name; }

  /// The original's message.
  /// @return its `what()`; the text or number if a string or a number was thrown; empty if there
  /// was no message
  const std::string& message() const noexcept { return details_->message; }

  /// The original's diagnostic information, as boost::diagnostic_information() gave it in the
  /// child.
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
/// An exception may derive from a registered type and not be registered itself. It arrives as a
/// class that derives from the registered type and overrides `what()`. If `what()` is final,
/// registering the type does not compile unless this variable is specialised:
/// @code
/// template <> inline constexpr bool isolatte::what_is_final<acme::error> = true;
/// @endcode
/// @tparam T the exception type
template <class T>
inline constexpr bool what_is_final = false;

}  // namespace isolatte

#endif
