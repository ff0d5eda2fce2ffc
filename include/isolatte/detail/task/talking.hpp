// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_TASK_TALKING_HPP
#define ISOLATTE_DETAIL_TASK_TALKING_HPP

#include <isolatte/channel.hpp>
#include <isolatte/config.hpp>
#include <isolatte/detail/task/talk_end.hpp>
#include <isolatte/outcome.hpp>

#include <concepts>
#include <functional>
#include <stop_token>
#include <type_traits>
#include <utility>

namespace isolatte::inline v0_1::detail {

/// How a callable is called: with a stop token, with a channel, and what it returns.
/// @tparam Channel a channel, or void
template <bool Stop, class Channel, class R>
struct talk_signature {
  static constexpr bool stop = Stop;
  using channel = Channel;
  using result = R;
};

/// Stands for the signature of what cannot be called.
struct no_signature {
  using result = void;
};

template <class... Parameters>
struct parameter_list {};

template <class R, class... P>
parameter_list<P...> parameters_of_pointer(R (*)(P...));
template <class C, class R, class... P>
parameter_list<P...> parameters_of_pointer(R (C::*)(P...));
template <class C, class R, class... P>
parameter_list<P...> parameters_of_pointer(R (C::*)(P...) const);
template <class C, class R, class... P>
parameter_list<P...> parameters_of_pointer(R (C::*)(P...) &);
template <class C, class R, class... P>
parameter_list<P...> parameters_of_pointer(R (C::*)(P...) const&);
template <class C, class R, class... P>
parameter_list<P...> parameters_of_pointer(R (C::*)(P...) &&);
template <class C, class R, class... P>
parameter_list<P...> parameters_of_pointer(R (C::*)(P...) const&&);

/// The parameters of a function, or of a function object that has one signature; none of others.
template <class F>
consteval auto parameters_of() {
  if constexpr (requires { parameters_of_pointer(std::declval<F>()); })
    return decltype(parameters_of_pointer(std::declval<F>())){};
  else if constexpr (requires { parameters_of_pointer(&F::operator()); })
    return decltype(parameters_of_pointer(&F::operator())){};
  else
    return parameter_list<>{};
}

template <class T>
struct channel_parameter {
  using type = void;
};
template <class Out, class In>
struct channel_parameter<channel<Out, In>&> {
  using type = channel<Out, In>;
};

template <class T>
inline constexpr bool is_stop_token = std::is_same_v<std::remove_cvref_t<T>, std::stop_token>;

template <class First, class Second, class... More>
auto channel_among(parameter_list<First, Second, More...>) ->
    typename channel_parameter<std::conditional_t<is_stop_token<First>, Second, First>>::type;
template <class First>
auto channel_among(parameter_list<First>) -> typename channel_parameter<First>::type;
void channel_among(parameter_list<>);

/// The channel that is a callable's first parameter, or the one after a stop token; or void.
template <class F>
consteval auto find_channel() {
  if constexpr (requires { typename F::channel_type; })
    return std::type_identity<typename F::channel_type>{};
  else if constexpr (requires { typename F::talk_type; })
    return std::type_identity<typename F::talk_type::channel>{};
  else
    return std::type_identity<decltype(channel_among(parameters_of<F>()))>{};
}
template <class F>
using channel_of = typename decltype(find_channel<std::remove_cvref_t<F>>())::type;

/// How a callable is called that is given these arguments, and what else it asks for.
template <class F, class... Args>
consteval auto find_signature() {
  using C = channel_of<F>;
  if constexpr (sizeof...(Args) == 0 && requires { typename std::remove_cvref_t<F>::talk_type; }) {
    return typename std::remove_cvref_t<F>::talk_type{};
  } else if constexpr (std::is_invocable_v<F, Args...>) {
    return talk_signature<false, void, std::decay_t<std::invoke_result_t<F, Args...>>>{};
  } else if constexpr (std::is_invocable_v<F, std::stop_token, Args...>) {
    return talk_signature<true, void,
                          std::decay_t<std::invoke_result_t<F, std::stop_token, Args...>>>{};
  } else if constexpr (!std::is_void_v<C>) {
    if constexpr (std::is_invocable_v<F, C&, Args...>)
      return talk_signature<false, C, std::decay_t<std::invoke_result_t<F, C&, Args...>>>{};
    else if constexpr (std::is_invocable_v<F, std::stop_token, C&, Args...>)
      return talk_signature<true, C,
                            std::decay_t<std::invoke_result_t<F, std::stop_token, C&, Args...>>>{};
    else
      return no_signature{};
  } else {
    return no_signature{};
  }
}
template <class F, class... Args>
using signature_of = decltype(find_signature<F, Args...>());

/// Whether a callable can be run with these arguments, and perhaps a stop token and a channel.
template <class F, class... Args>
concept runnable = !std::is_same_v<signature_of<F, Args...>, no_signature>;

/// Adds callables that talk to result_of.
template <class F>
  requires(!std::invocable<F> && runnable<F>)
struct result_of_run<F> {
  using type = typename signature_of<F>::result;
};

/// The parameters after a stop token and a channel.
template <class First, class... More>
auto own_parameters(parameter_list<First, More...> all) {
  if constexpr (is_stop_token<First> || !std::is_void_v<typename channel_parameter<First>::type>)
    return own_parameters(parameter_list<More...>{});
  else
    return all;
}
inline parameter_list<> own_parameters(parameter_list<>) { return {}; }

template <class First, class... More>
auto first_among(parameter_list<First, More...>) -> std::type_identity<First>;
auto first_among(parameter_list<>) -> std::type_identity<void>;

/// Whether a callable may be one that is to be called on an object, with these arguments after it:
/// its first parameter is a reference to one, or its parameters are not known.
template <class F, class... Args>
consteval bool may_take_object() {
  using first = typename decltype(first_among(own_parameters(parameters_of<F>())))::type;
  if constexpr (std::is_member_pointer_v<F>)
    return true;
  else if constexpr (std::is_lvalue_reference_v<first>)
    return runnable<F, first, Args...>;
  else
    return std::is_class_v<F> && !requires { &F::operator(); };
}

template <class F, class... Args>
using run_result = typename signature_of<F, Args...>::result;

template <class Channel>
struct message_types {
  using out = void;
  using in = void;
};
template <class Out, class In>
struct message_types<channel<Out, In>> {
  using out = Out;
  using in = In;
};
/// The types of a channel's messages; void without one.
template <class Channel>
using out_of = typename message_types<Channel>::out;
template <class Channel>
using in_of = typename message_types<Channel>::in;

/// Calls a callable, with a token and a channel if it takes them.
/// @param end the job's end of its conversation, or null
template <class F, class... Args>
decltype(auto) invoke_talking(talk_end* end, F&& f, Args&&... args) {
  using S = signature_of<F, Args...>;
  using C = typename S::channel;
  auto const token = [end] { return end ? end->get_stop_token() : std::stop_token{}; };
  if constexpr (std::is_void_v<C> && !S::stop) {
    return std::invoke(std::forward<F>(f), std::forward<Args>(args)...);
  } else if constexpr (std::is_void_v<C>) {
    return std::invoke(std::forward<F>(f), token(), std::forward<Args>(args)...);
  } else {
    C talk{end};
    if constexpr (S::stop)
      return std::invoke(std::forward<F>(f), token(), talk, std::forward<Args>(args)...);
    else
      return std::invoke(std::forward<F>(f), talk, std::forward<Args>(args)...);
  }
}

/// Runs a callable without further arguments.
template <class F>
decltype(auto) run_talking(talk_end* end, F&& f) {
  if constexpr (requires { std::forward<F>(f).run(end); })
    return std::forward<F>(f).run(end);
  else
    return invoke_talking(end, std::forward<F>(f));
}

}  // namespace isolatte::inline v0_1::detail

#endif
