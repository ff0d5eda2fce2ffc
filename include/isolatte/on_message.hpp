// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_ON_MESSAGE_HPP
#define ISOLATTE_ON_MESSAGE_HPP

#include <isolatte/channel.hpp>
#include <isolatte/config.hpp>
#include <isolatte/detail/task/message.hpp>
#include <isolatte/detail/task/talking.hpp>
#include <isolatte/detail/task/typed_taker.hpp>
#include <isolatte/outcome.hpp>

#include <concepts>
#include <memory>
#include <type_traits>
#include <utility>

namespace isolatte::inline v0_1 {

/// A callable, and what takes the messages that it posts: what @ref on_message makes.
///
/// @tparam F the callable
template <class F>
class message_listener {
 public:
  /// @cond
  using callable_type = F;

  message_listener(F callable, std::shared_ptr<detail::message_taker> taker)
      : callable_(std::move(callable)), taker_{std::move(taker)} {}

  F& callable() & noexcept { return callable_; }
  const F& callable() const& noexcept { return callable_; }
  F&& callable() && noexcept { return std::move(callable_); }
  const std::shared_ptr<detail::message_taker>& taker() const noexcept { return taker_; }
  /// @endcond

 private:
  F callable_;
  std::shared_ptr<detail::message_taker> taker_;
};

/// Has a handler take the messages that a job posts to its @ref channel, wherever a callable or a
/// @ref call is taken that completes in one go.
///
/// @code
/// isolatte::async_fork(
///     context,
///     isolatte::on_message([](isolatte::channel<int>& c) { return train(c); },
///                          [](int percent) { show(percent); }),
///     token);
/// @endcode
///
/// The handler runs on the operation's executor, one message at a time, in their order, and never
/// after the operation's own handler has been called; with isolatte::fork, in the calling thread.
/// While it runs its message counts for options::message_window. An exception of the handler's
/// leaves the event loop's `run()`; the job goes on, and so do its messages.
///
/// A message that cannot be read back ends the job: ending::undelivered.
///
/// @param f a callable or a call, with a channel that posts
/// @param handler called with each message, an rvalue of the channel's first type
/// @return what operations take in place of @p f
/// @par Exception safety
/// Strong guarantee: `std::bad_alloc`, and what moving the arguments throws.
template <class F, class Handler>
[[nodiscard]] auto on_message(F&& f, Handler&& handler) {
  using Out = detail::out_of<detail::channel_of<F>>;
  static_assert(!std::is_void_v<Out>,
                "isolatte: on_message() needs a callable whose first parameter, or the one after a "
                "std::stop_token, is a channel<T>&, named by its type");
  if constexpr (!std::is_void_v<Out>) {
    static_assert(std::invocable<std::decay_t<Handler>&, Out>,
                  "isolatte: the handler of on_message() cannot be called with what the channel "
                  "posts");
    return message_listener<std::decay_t<F>>{
        std::forward<F>(f), std::make_shared<detail::typed_taker<Out, std::decay_t<Handler>>>(
                                std::forward<Handler>(handler))};
  } else {
    return message_listener<std::decay_t<F>>{std::forward<F>(f), nullptr};
  }
}

/// @cond
namespace detail {

template <class F>
inline constexpr bool is_listener = false;
template <class F>
inline constexpr bool is_listener<message_listener<F>> = true;

template <class F>
  requires runnable<F>
struct result_of_run<message_listener<F>> {
  using type = typename signature_of<F>::result;
};

/// Whether a type is a callable, or one within a listener, that can be run without arguments.
template <class F>
concept can_run = requires { typename result_of<F>; };

/// The callable within a listener, or the callable itself.
template <class F>
decltype(auto) callable_in(F&& f) noexcept {
  if constexpr (is_listener<std::remove_cvref_t<F>>)
    return std::forward<F>(f).callable();
  else
    return std::forward<F>(f);
}
template <class F>
struct callable_within {
  using type = F;
};
template <class F>
struct callable_within<message_listener<F>> {
  using type = F;
};
/// The type of the callable within a listener, or of the callable itself.
template <class F>
using callable_within_t = typename callable_within<std::remove_cvref_t<F>>::type;

template <class F>
std::shared_ptr<message_taker> taker_in([[maybe_unused]] const F& f) noexcept {
  if constexpr (is_listener<F>)
    return f.taker();
  else
    return nullptr;
}

/// The conversation of a callable with that signature.
/// @param by_handle whether the program has a handle to the job
template <class Signature>
talk_needs needs_of(bool has_taker, bool by_handle) noexcept {
  using C = typename Signature::channel;
  return {.stops = Signature::stop,
          .hears = !std::is_void_v<out_of<C>> && (has_taker || by_handle),
          .speaks = !std::is_void_v<in_of<C>> && by_handle};
}

/// The program's wishes for the conversation with a callable, which may be within a listener.
template <class F>
talk_wish wish_of(const F& f, bool by_handle = false) {
  auto taker = taker_in(f);
  talk_needs const needs =
      needs_of<signature_of<callable_within_t<F>>>(taker != nullptr, by_handle);
  return {needs, std::move(taker)};
}

}  // namespace detail
/// @endcond

}  // namespace isolatte::inline v0_1

#endif
