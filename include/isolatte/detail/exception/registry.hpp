// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_EXCEPTION_REGISTRY_HPP
#define ISOLATTE_DETAIL_EXCEPTION_REGISTRY_HPP

#include <isolatte/config.hpp>
#include <isolatte/detail/vocabulary/byte_buffer.hpp>
#include <isolatte/remote_exception.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <typeinfo>

namespace boost {
class exception;
}

namespace isolatte::inline v0_1::detail {

/// The facts that a registered type tells of an exception object in the child.
struct exception_sample {
  /// The most bytes that `data` may have.
  std::size_t limit = 0;
  /// The object as a std::exception, if it is one by way of the type.
  const std::exception* standard = nullptr;
  /// The message of a type that is no std::exception but has a `what()`.
  std::string message{};
  /// The type's own data; none if only its message rebuilds it.
  std::optional<byte_buffer> data{};
};

/// From what the program rebuilds an exception object.
class exception_plan {
 public:
  /// Whether the object is to be a remote_exception, too.
  bool remote = false;
  /// Whether the object is to be a boost::exception, too.
  bool with_boost = false;
  /// Whether the object is to be a std::nested_exception, too. The plan is then carried out in the
  /// handler of the inner exception.
  bool with_nested = false;
  std::string_view what{};
  std::span<const std::byte> data{};

  /// Gives the object's standard base classes back what they held.
  ISOLATTE_DECL virtual void restore(std::exception& object) const = 0;
  ISOLATTE_DECL virtual void restore(boost::exception& object) const = 0;
  ISOLATTE_DECL virtual void restore(std::nested_exception& object) const = 0;
  ISOLATTE_DECL virtual std::shared_ptr<const remote_details> details() const = 0;

 protected:
  ~exception_plan() = default;
};

/// How one registered type travels.
struct exception_ops {
  const std::type_info* type;
  /// Samples the exception if a handler for the type catches it; lets the type's exceptions out.
  bool (*sample)(const std::exception_ptr& thrown, exception_sample& into);
  /// Whether a handler for the type catches the exception. Null if sampling tells as much.
  bool (*catches)(const std::exception_ptr& thrown);
  /// Rebuilds an object; null if that cannot be done as planned.
  std::exception_ptr (*rebuild)(const exception_plan& plan);
  /// Throws a pointer to the type. Null, like the next, for the standard types.
  void (*throw_pointer)(void* object);
  /// Whether a handler for pointers to the type catches what @p thrower throws.
  bool (*catch_pointer)(void (*thrower)(void* object), void*& object);
};

/// Names a registered type in a frame: types of several unnamed namespaces may share a name.
struct exception_key {
  std::string_view name;
  std::uint32_t ordinal = 0;
};

struct registered_exception {
  const exception_ops* ops = nullptr;
  exception_key key{};
  /// Whether every process with this library knows the type.
  bool standard = false;
};

/// Makes a type known. Neither this function nor those below take a lock: a child may have been
/// forked while another thread was loading a library.
ISOLATTE_DECL void register_exception(const exception_ops& ops);
ISOLATTE_DECL void unregister_exception(const exception_ops& ops) noexcept;

ISOLATTE_DECL registered_exception find_exception(const std::type_info& type) noexcept;
ISOLATTE_DECL registered_exception find_exception(const exception_key& key) noexcept;

/// Calls @p visit with each registered type: the standard ones last, derived ones before their
/// bases.
ISOLATTE_DECL void for_each_exception(void (*visit)(void* context, const registered_exception&),
                                      void* context);

}  // namespace isolatte::inline v0_1::detail

#endif
