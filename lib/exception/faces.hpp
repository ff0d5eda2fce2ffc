// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_EXCEPTION_FACES_HPP
#define ISOLATTE_LIB_EXCEPTION_FACES_HPP

#include <isolatte/detail/exception/registry.hpp>
#include <isolatte/remote_exception.hpp>

#include <boost/container/static_vector.hpp>
#include <boost/exception/exception.hpp>

#include <exception>
#include <string>
#include <string_view>
#include <typeinfo>

// This header finds out what an exception is without knowing its type.

namespace isolatte::inline v0_1::detail {

/// The base classes of an exception object that can be found without knowing its type. The pointers
/// lead into the object that the exception_ptr owns: rethrowing does not copy on the supported
/// platforms.
struct exception_sight {
  /// Null if the compiler's runtime cannot tell.
  const std::type_info* type = nullptr;
  const std::exception* standard = nullptr;
  const boost::exception* boost = nullptr;
  const std::nested_exception* nested = nullptr;
  const remote_exception* remote = nullptr;
};

/// Finds the base classes. Allocates nothing.
exception_sight look_at(const std::exception_ptr& thrown) noexcept;

/// The type of the exception that is being handled. Null if the compiler's runtime cannot tell.
const std::type_info* current_exception_type() noexcept;

/// A thrown number or string as text; empty for anything else.
std::string value_as_text(const std::exception_ptr& thrown);

/// The name of a type without the wrappers that throw functions put around it, as in
/// boost::wrapexcept<E>.
std::string unwrapped_name(const std::type_info& type);

/// Whether a type, of that unwrapped name, has no wrappers.
bool is_unwrapped(const std::type_info& type, std::string_view name);

using candidates = boost::container::static_vector<registered_exception, 32>;

/// The registered types among the object's own type and its base classes, nearest first. Some may
/// turn out to be inaccessible. Does not allocate.
candidates find_candidates(const exception_sight& sight, const std::exception_ptr& thrown) noexcept;

}  // namespace isolatte::inline v0_1::detail

#endif
