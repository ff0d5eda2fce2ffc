// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_CALL_HPP
#define ISOLATTE_CALL_HPP

#include <isolatte/config.hpp>
#include <isolatte/detail/archive/codec.hpp>
#include <isolatte/detail/archive/function_form.hpp>
#include <isolatte/detail/task/distant_call.hpp>
#include <isolatte/detail/task/function_part.hpp>
#include <isolatte/detail/task/remote_call.hpp>
#include <isolatte/detail/task/talk_end.hpp>
#include <isolatte/detail/task/talking.hpp>
#include <isolatte/on_message.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>

namespace isolatte::inline v0_1 {

/// A function bound to its arguments: what @ref call makes. Its bytes can be sent to another
/// process of the same program, and run there.
///
/// @tparam F the function, decayed
/// @tparam Args the arguments, decayed
///
/// @par Exception safety
/// Copying and moving give the guarantees of @p F and @p Args.
/// @par Thread safety
/// Distinct objects: safe. Shared objects: safe for const members.
template <class F, class... Args>
class bound_call {
  using part = std::conditional_t<detail::sent_by_address<F> || detail::sent_as_nothing<F>,
                                  detail::function_part<F>, F>;
  using parts = std::tuple<part, Args...>;

 public:
  /// @cond
  explicit bound_call(F function, Args... arguments)
      : parts_{make_part(std::move(function)), std::move(arguments)...} {}
  /// @endcond

  /// The decayed result of the function. A reference could lead into the call, so it becomes a
  /// value.
  using result_type = typename detail::signature_of<F, Args...>::result;
  /// @cond
  using talk_type = detail::signature_of<F, Args...>;
  using channel_type = detail::channel_of<F>;
  /// How the function is called on an object.
  template <class Object>
  using talk_type_on = detail::signature_of<F, Object&, Args...>;
  /// @endcond

  /// Calls the function with the arguments as rvalues.
  /// @return what the function returns
  /// @par Exception safety
  /// Lets through what the function throws; the arguments may then be moved-from.
  result_type operator()() &&
      requires(std::invocable<F, Args...>) { return std::move(*this).run(nullptr); }
      /// Calls a copy of the function with copies of the arguments.
      /// @return what the function returns
      /// @par Exception safety
      /// Strong guarantee: lets through what the function throws.
      result_type operator()() const&
        requires(std::invocable<F, Args...> && std::copy_constructible<F> &&
                 (std::copy_constructible<Args> && ...))
  {
    return bound_call{*this}.invoke_once();
  }

  /// @cond
  /// Calls the function, with a stop token and a channel before the arguments if it takes them.
  result_type run(detail::talk_end* talk) && {
    return std::apply(
        [talk](part&& function, Args&&... arguments) -> result_type {
          return static_cast<result_type>(detail::invoke_talking(
              talk, function_of(std::move(function)), std::move(arguments)...));
        },
        std::move(parts_));
  }
  /// Calls the function with an object before the arguments.
  template <class Object>
  typename talk_type_on<Object>::result run_on(Object& object, detail::talk_end* talk) && {
    return std::apply(
        [talk, &object](part&& function, Args&&... arguments) ->
        typename talk_type_on<Object>::result {
          return static_cast<typename talk_type_on<Object>::result>(detail::invoke_talking(
              talk, function_of(std::move(function)), object, std::move(arguments)...));
        },
        std::move(parts_));
  }
  void encode(detail::byte_buffer& out,
              detail::function_form functions = detail::function_form::address) const {
    detail::codec<parts>::encode(out, parts_, functions);
  }
  static bound_call decode(std::span<const std::byte> in,
                           detail::function_form functions = detail::function_form::address) {
    return bound_call{from_bytes{}, in, functions};
  }
  std::uintptr_t function_address() const noexcept {
    if constexpr (detail::sent_by_address<F>)
      return detail::code_address(std::get<0>(parts_).function);
    else
      return 0;
  }
  /// @endcond

 private:
  struct from_bytes {};
  bound_call(from_bytes, std::span<const std::byte> in, detail::function_form functions)
      : parts_(
            detail::codec<parts>::decode(in, std::numeric_limits<std::size_t>::max(), functions)) {}

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

/// The type of a call() that a static_assert has refused: a call to nothing, so that the assertion
/// is the only error that its user sees.
struct refused_call {
  using result_type = void;
  void operator()() const {}
  void encode(byte_buffer&, function_form = function_form::address) const {}
  static refused_call decode(std::span<const std::byte>, function_form = function_form::address) {
    return {};
  }
  std::uintptr_t function_address() const noexcept { return 0; }
};

template <class T>
inline constexpr bool is_made_by_call = std::is_same_v<T, refused_call>;
template <class F, class... Args>
inline constexpr bool is_made_by_call<bound_call<F, Args...>> = true;

template <class T>
consteval void check_argument() {
  static_assert(!is_function_pointer<T>,
                "isolatte: an argument of call() is a function, which is not transportable as an "
                "argument: let the function that is called name it, or pass a value to choose by");
  static_assert(!std::is_pointer_v<T> || is_function_pointer<T> || transportable<T>,
                "isolatte: an argument of call() is a pointer, and what it points to stays here: "
                "pass a value (a std::string for a text)");
  static_assert(!is_view<T>,
                "isolatte: an argument of call() is a string_view or span, and what it refers to "
                "stays here: pass a std::string or a std::vector");
  static_assert(std::is_pointer_v<T> || is_view<T> || transportable<T>,
                "isolatte: an argument of call() is not transportable: give its type a serialize() "
                "member or free function (see Boost.Serialization)");
  static_assert(!transportable<T> || std::is_move_constructible_v<T>,
                "isolatte: an argument of call() cannot be moved: give its type a move "
                "constructor, or pass a std::unique_ptr");
}

template <class F, class... Args>
consteval bool check_call() {
  static_assert(
      transportable_function<F>,
      "isolatte: this function object is not transportable: a lambda must not capture (pass what "
      "it needs as arguments of call()), and a class with data needs a serialize() member");
  (check_argument<Args>(), ...);
  if constexpr (transportable_function<F> &&
                ((transportable<Args> && std::is_move_constructible_v<Args>) && ...)) {
    // A resident gives its object before the arguments.
    constexpr bool may_be_called = runnable<F, Args...> || may_take_object<F, Args...>();
    static_assert(may_be_called,
                  "isolatte: the function cannot be called with these arguments, which it is given "
                  "as rvalues");
    return may_be_called;
  }
  return false;
}

}  // namespace detail
/// @endcond

/// Whether a type is that of a call: of what isolatte::call() returns, or of a reference to it.
template <class T>
concept is_call = detail::is_made_by_call<std::remove_cvref_t<T>>;

/// @cond
namespace detail {

/// The value's type of a call. A callable that is none is let in, so that encode_call() can say
/// what is wrong with it; no constraint could.
template <class Call>
struct call_result {
  using type = void;
};
template <class Call>
  requires runnable<Call>
struct call_result<Call> {
  using type = typename signature_of<Call>::result;
};
template <class Call>
using call_result_t = typename call_result<callable_within_t<Call>>::type;

/// Encodes what a process that is no copy of this one is to run.
/// @param what a call, perhaps within a listener
/// @param by_handle whether the program has a handle to the job
template <class Call>
remote_call encode_call([[maybe_unused]] const Call& what,
                        [[maybe_unused]] bool by_handle = false) {
  static_assert(is_call<callable_within_t<Call>>,
                "isolatte: this callable is to run in a process that is no copy of the program, so "
                "it is sent there: wrap it in isolatte::call(f, args...)");
  if constexpr (is_call<callable_within_t<Call>>) {
    static_assert(runnable<callable_within_t<Call>>,
                  "isolatte: the function cannot be called with these arguments, which it is given "
                  "as rvalues");
    require_transportable<call_result_t<Call>>();
    remote_call remote = make_remote(callable_in(what));
    remote.talk = wish_of(what, by_handle);
    return remote;
  } else {
    return {};
  }
}

/// Encodes what any process of this program is to run, on any machine.
/// @return nothing if code of the call has no name: its program or library has no build id
template <class Call>
std::optional<distant_call> encode_distant_call([[maybe_unused]] const Call& what) {
  constexpr bool alone = !is_listener<Call>;
  static_assert(alone,
                "isolatte: a job on another machine has no conversation with this program: give "
                "the call without on_message()");
  static_assert(!alone || is_call<Call>,
                "isolatte: this callable is to run on another machine, so it is sent there: wrap "
                "it in isolatte::call(f, args...)");
  if constexpr (is_call<Call>) {
    static_assert(runnable<Call>,
                  "isolatte: the function cannot be called with these arguments, which it is given "
                  "as rvalues");
    constexpr bool mute = std::is_void_v<channel_of<Call>>;
    static_assert(mute,
                  "isolatte: a job on another machine has no conversation with this program: its "
                  "function must not take a channel");
    require_transportable<call_result_t<Call>>();
    if constexpr (runnable<Call> && mute) return make_distant(what);
  }
  return {};
}

}  // namespace detail
/// @endcond

/// Binds a function to arguments, all of them transportable.
///
/// A call runs in a process that is no copy of the program as it is now: a child of a
/// @ref fork_server, a worker of a @ref worker_pool. A call is a callable, so @ref async_fork takes
/// it, too.
///
/// @code
/// server.async_fork(isolatte::call(parse_file, std::string{"a.xml"}), token);
/// server.async_fork(isolatte::call([](int a, int b) { return a + b; }, 1, 2), token);
/// @endcode
///
/// @param f a function pointer, a captureless lambda, a member pointer (with its object as the
/// first argument), or a function object that is transportable
/// @param args the arguments, copied or moved; the function gets them as rvalues
/// @return the call, a @ref bound_call
///
/// @par Errors
/// A function or an argument that is not transportable is refused by a `static_assert`. A function
/// that the other process does not have, because its library was loaded later, is
/// error::unknown_function there.
/// @par Exception safety
/// Strong guarantee: lets through what copying or moving @p f and @p args throws.
template <class F, class... Args>
[[nodiscard]] auto call(F&& f, Args&&... args) {
  constexpr bool right = detail::check_call<std::decay_t<F>, std::decay_t<Args>...>();
  if constexpr (right)
    return bound_call<std::decay_t<F>, std::decay_t<Args>...>(std::forward<F>(f),
                                                              std::forward<Args>(args)...);
  else
    return detail::refused_call{};
}

}  // namespace isolatte::inline v0_1

#endif
