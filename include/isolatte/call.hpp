// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_CALL_HPP
#define ISOLATTE_CALL_HPP

#include <isolatte/config.hpp>
#include <isolatte/detail/archive/codec.hpp>
#include <isolatte/detail/task/function_part.hpp>
#include <isolatte/detail/task/remote_call.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>

namespace isolatte {

/// A function with its arguments: what @ref call makes, a callable that can travel to a process
/// that is no copy of this one's present state.
///
/// @tparam F the function, decayed
/// @tparam Args the arguments, decayed
///
/// @par Thread safety
/// Distinct objects: safe. Shared objects: safe for const members.
template <class F, class... Args>
class travelling_call {
  using part = std::conditional_t<detail::travels_by_address<F> || detail::travels_as_nothing<F>,
                                  detail::function_part<F>, F>;
  using parts = std::tuple<part, Args...>;

 public:
  /// @cond
  explicit travelling_call(F function, Args... arguments)
      : parts_{make_part(std::move(function)), std::move(arguments)...} {}
  /// @endcond

  /// What the function returns, as a value: a reference could lead into the call.
  using result_type = std::decay_t<std::invoke_result_t<F, Args...>>;

  /// Calls the function with the arguments, which it may take for itself.
  /// @return what the function returns
  result_type operator()() && {
    return std::apply(
        [](part&& function, Args&&... arguments) -> result_type {
          return std::invoke(function_of(std::move(function)), std::move(arguments)...);
        },
        std::move(parts_));
  }
  /// Calls a copy of the function with copies of the arguments.
  /// @return what the function returns
  result_type operator()() const&
    requires(std::copy_constructible<F> && (std::copy_constructible<Args> && ...))
  {
    return travelling_call{*this}.invoke_once();
  }

  /// @cond
  void encode(detail::byte_buffer& out) const { detail::codec<parts>::encode(out, parts_); }
  static travelling_call decode(std::span<const std::byte> in) {
    return travelling_call{from_parts{}, detail::codec<parts>::decode(in)};
  }
  std::uintptr_t function_address() const noexcept {
    if constexpr (detail::travels_by_address<F>)
      return detail::code_address(std::get<0>(parts_).function);
    else
      return 0;
  }
  /// @endcond

 private:
  struct from_parts {};
  travelling_call(from_parts, parts&& all) : parts_{std::move(all)} {}

  static part make_part(F&& function) {
    if constexpr (std::is_same_v<part, F>)
      return std::move(function);
    else
      return part{std::move(function)};
  }
  static F&& function_of(part&& function) noexcept {
    if constexpr (std::is_same_v<part, F>)
      return std::move(function);
    else
      return std::move(function.function);
  }
  result_type invoke_once() { return std::move(*this)(); }

  parts parts_;
};

/// @cond
namespace detail {

template <class T>
inline constexpr bool is_travelling_call = false;
template <class F, class... Args>
inline constexpr bool is_travelling_call<travelling_call<F, Args...>> = true;

template <class T>
consteval void check_argument() {
  static_assert(!is_function_pointer<T>,
                "isolatte: an argument of call() is a function, which cannot travel as an "
                "argument: let the function that is called name it, or pass a value to choose by");
  static_assert(!std::is_pointer_v<T> || is_function_pointer<T> || transportable<T>,
                "isolatte: an argument of call() is a pointer, and what it points to stays here: "
                "pass a value (a std::string for a text)");
  static_assert(!is_view<T>,
                "isolatte: an argument of call() is a string_view or span, and what it refers to "
                "stays here: pass a std::string or a std::vector");
  static_assert(std::is_pointer_v<T> || is_view<T> || transportable<T>,
                "isolatte: an argument of call() cannot travel: give its type a serialize() member "
                "or free function (see Boost.Serialization)");
}

template <class F, class... Args>
consteval bool check_call() {
  static_assert(
      travelling_function<F>,
      "isolatte: this function object cannot travel: a lambda must not capture (pass what "
      "it needs as arguments of call()), and a class with data needs a serialize() member");
  (check_argument<Args>(), ...);
  if constexpr (travelling_function<F> && (transportable<Args> && ...)) {
    static_assert(std::invocable<F, Args...>,
                  "isolatte: the function cannot be called with these arguments, which it is given "
                  "as rvalues");
    return std::invocable<F, Args...>;
  }
  return false;
}

}  // namespace detail
/// @endcond

/// What isolatte::call has made.
template <class T>
concept travels = detail::is_travelling_call<std::remove_cvref_t<T>>;

/// Makes a callable that can travel: to a @ref fork_server, to a worker of a @ref worker_pool, or,
/// as any callable, into a fresh child.
///
/// @code
/// server.async_fork(isolatte::call(parse_file, std::string{"a.xml"}), {}, token);
/// server.async_fork(isolatte::call([](int a, int b) { return a + b; }, 1, 2), {}, token);
/// @endcode
///
/// @param f a function pointer, a captureless lambda, a member pointer (with its object as the
/// first argument), or a function object that is serialisable
/// @param args the arguments, copied or moved, each serialisable; the function gets them as rvalues
/// @return the callable
///
/// @par Errors
/// What cannot travel does not compile, and says why. A function that the other process does not
/// have (it is in a library that was loaded later) is error::unknown_function there.
template <class F, class... Args>
auto call(F&& f, Args&&... args) {
  constexpr bool right = detail::check_call<std::decay_t<F>, std::decay_t<Args>...>();
  if constexpr (right)
    return travelling_call<std::decay_t<F>, std::decay_t<Args>...>(std::forward<F>(f),
                                                                   std::forward<Args>(args)...);
}

}  // namespace isolatte

#endif
