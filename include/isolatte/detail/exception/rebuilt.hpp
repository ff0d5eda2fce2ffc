// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_EXCEPTION_REBUILT_HPP
#define ISOLATTE_DETAIL_EXCEPTION_REBUILT_HPP

#include <isolatte/config.hpp>
#include <isolatte/detail/exception/registry.hpp>
#include <isolatte/remote_exception.hpp>

#include <boost/exception/exception.hpp>

#include <array>
#include <exception>
#include <memory>
#include <type_traits>
#include <typeinfo>
#include <utility>

// A rebuilt exception has one of seven classes for each type, and there are many types. So all code
// that does not depend on the type is in the compiled library, and no function here is inlined.

namespace isolatte::inline v0_1::detail {

/// The bases of a rebuilt exception besides its own type: a sum of these flags.
struct exception_form {
  static constexpr unsigned itself = 0;
  static constexpr unsigned remote = 1;
  static constexpr unsigned boost = 2;
  static constexpr unsigned nested = 4;
  static constexpr unsigned count = 8;
  /// With `remote`: the type is no std::exception, and the rebuilt exception becomes one.
  static constexpr unsigned standard = 8;
};

/// The data from which the parts are made. Making a part cannot fail, so only the constructor of
/// the type itself can throw anything but the rebuilt exception.
struct exception_extras {
  std::shared_ptr<const remote_details> details{};
  const boost::exception* boost = nullptr;
  /// The parts set this when the rebuilt exception is complete.
  bool made = false;
};

struct ISOLATTE_VISIBLE remote_part : remote_exception {
  explicit remote_part(exception_extras& extras) noexcept : remote_exception(extras.details) {}
};
struct ISOLATTE_VISIBLE remote_standard_part : std::exception, remote_exception {
  explicit remote_standard_part(exception_extras& extras) noexcept
      : remote_exception(extras.details) {}
  const char* what() const noexcept override { return remote_what(); }
};
struct ISOLATTE_VISIBLE boost_part : boost::exception {
  explicit boost_part(exception_extras& extras) noexcept : boost::exception(*extras.boost) {}
};
/// Nests the exception that is being handled.
struct ISOLATTE_VISIBLE nested_part : std::nested_exception {
  explicit nested_part(exception_extras&) noexcept {}
};
template <unsigned Part>
struct absent_part {
  explicit absent_part(exception_extras&) noexcept {}
};

template <unsigned Form, unsigned Part, class Present>
using part_if = std::conditional_t<(Form & Part) != 0, Present, absent_part<Part>>;

/// All parts of one form. The compiled library has every form.
template <unsigned Form>
struct ISOLATTE_VISIBLE exception_parts
    : part_if<Form, exception_form::remote,
              std::conditional_t<(Form & exception_form::standard) != 0, remote_standard_part,
                                 remote_part>>,
      part_if<Form, exception_form::boost, boost_part>,
      part_if<Form, exception_form::nested, nested_part> {
  ISOLATTE_DECL explicit exception_parts(exception_extras& extras) noexcept;
  exception_parts(const exception_parts&) = delete;
  exception_parts& operator=(const exception_parts&) = delete;
  ISOLATTE_DECL ~exception_parts() override;
};

/// A T with the parts of a form.
template <class T, unsigned Form>
class ISOLATTE_VISIBLE rebuilt final : public T, public exception_parts<Form> {
 public:
  rebuilt(T&& object, exception_extras& extras)
      : T(std::move(object)), exception_parts<Form>(extras) {}
  [[gnu::cold, gnu::noinline]] ~rebuilt() override {}
};

/// Whether what() of a rebuilt T gives the message of a derived type.
template <class T, unsigned Form>
concept overrides_what = (Form & exception_form::remote) != 0 &&
                         std::is_base_of_v<std::exception, T> && !what_is_final<T>;

template <class T, unsigned Form>
  requires overrides_what<T, Form>
class ISOLATTE_VISIBLE rebuilt<T, Form> final : public T, public exception_parts<Form> {
 public:
  rebuilt(T&& object, exception_extras& extras)
      : T(std::move(object)), exception_parts<Form>(extras) {}
  [[gnu::cold, gnu::noinline]] ~rebuilt() override {}
  const char* what() const noexcept override {  // final? See what_is_final.
    return this->remote_what();
  }
};

/// Throws an exception made of the object, which is moved from.
using exception_thrower = void (*)(void* object, exception_extras& extras);

/// The functions that throw a type in each form. Null if nothing can derive from the type.
struct exception_throwers {
  const std::type_info* type;
  std::array<exception_thrower, exception_form::count> of_form;
};

template <class T>
[[gnu::cold]] void throw_itself(void* object, exception_extras&) {
  throw T(std::move(*static_cast<T*>(object)));
}

template <class T, unsigned Form>
[[gnu::cold]] void throw_rebuilt(void* object, exception_extras& extras) {
  throw rebuilt<T, Form>(std::move(*static_cast<T*>(object)), extras);
}

template <class T, unsigned Form>
consteval exception_thrower find_thrower() {
  if constexpr (Form == exception_form::itself) {
    return &throw_itself<T>;
  } else if constexpr ((Form & exception_form::boost) && std::is_base_of_v<boost::exception, T>) {
    return find_thrower<T, Form & ~exception_form::boost>();
  } else if constexpr ((Form & exception_form::nested) &&
                       std::is_base_of_v<std::nested_exception, T>) {
    return find_thrower<T, Form & ~exception_form::nested>();
  } else if constexpr (!std::is_class_v<T> || std::is_final_v<T>) {
    return nullptr;
  } else if constexpr ((Form & exception_form::remote) && !std::is_base_of_v<std::exception, T>) {
    return &throw_rebuilt < T, Form | exception_form::standard > ;
  } else {
    return &throw_rebuilt<T, Form>;
  }
}

template <class T>
inline constexpr exception_throwers throwers_of{
    &typeid(T),
    {find_thrower<T, 0>(), find_thrower<T, 1>(), find_thrower<T, 2>(), find_thrower<T, 3>(),
     find_thrower<T, 4>(), find_thrower<T, 5>(), find_thrower<T, 6>(), find_thrower<T, 7>()}};

/// Throws the object in the form that the plan asks for, and catches it. Null if its type cannot
/// have that form.
/// @throws what a constructor of the object's type throws
ISOLATTE_DECL std::exception_ptr assemble(void* object, const exception_throwers& throwers,
                                          const exception_plan& plan);

}  // namespace isolatte::inline v0_1::detail

#endif
