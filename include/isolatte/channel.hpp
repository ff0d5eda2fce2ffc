// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_CHANNEL_HPP
#define ISOLATTE_CHANNEL_HPP

#include <isolatte/config.hpp>
#include <isolatte/detail/archive/codec.hpp>
#include <isolatte/detail/task/talk_end.hpp>
#include <isolatte/detail/vocabulary/byte_buffer.hpp>

#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace isolatte::inline v0_1 {

/// @cond
namespace detail {

template <class T>
class typed_latest final : public latest_value {
 public:
  void assign(void* value) override { next_.emplace(std::move(*static_cast<T*>(value))); }
  void set_aside() override {
    aside_.emplace(std::move(*next_));
    next_.reset();
  }
  void encode(byte_buffer& out) const override { codec<T>::encode(out, *aside_); }

 private:
  std::optional<T> next_;
  std::optional<T> aside_;
};

/// Stands for a message that there is none of.
struct no_message {};

}  // namespace detail
/// @endcond

/// A job's side of its conversation with the program, while the job runs.
///
/// A callable gets one if its first parameter, or the one after a `std::stop_token`, is a reference
/// to it. The program's side is a @ref child handle, or the handler given to @ref on_message.
/// Without either, the program takes nothing that the job posts.
///
/// @code
/// isolatte::child<int, double> one = isolatte::spawn_child(
///     context, [](isolatte::channel<double>& progress) {
///       for (int i = 0; i != 100; ++i) progress.post_latest(step(i));
///       return best();
///     });
/// @endcode
///
/// Messages arrive in the order in which they were posted. A message that was posted before the
/// job's end arrives before its outcome, however the job ends; a value of post_latest() that has
/// not left by then is lost with a process that is killed or crashes.
///
/// @tparam Out what the job posts, or void
/// @tparam In what the program sends to the job, or void
///
/// @par Thread safety
/// Any thread of the job may use it at any time, as long as the callable runs. In a process that
/// the job forks it takes and gives nothing.
template <class Out, class In = void>
class channel {
  static constexpr bool posts = !std::is_void_v<Out>;
  static constexpr bool receives = !std::is_void_v<In>;
  using sent = std::conditional_t<posts, Out, detail::no_message>;
  using taken = std::conditional_t<receives, In, detail::no_message>;
  static_assert((!posts || detail::transportable<Out>) && (!receives || detail::transportable<In>),
                "isolatte: the messages of a channel cannot travel: give their type a serialize() "
                "member or free function (see Boost.Serialization)");

 public:
  /// The type of the messages that the job posts.
  using out_type = Out;
  /// The type of the messages that the job receives.
  using in_type = In;

  /// @cond
  explicit channel(detail::talk_end* end) noexcept : end_{end} {}
  ~channel() {
    if constexpr (posts)
      if (end_) end_->send_latest(latest_);
  }
  /// @endcond

  channel(const channel&) = delete;
  channel& operator=(const channel&) = delete;

  /// Posts a message. Blocks while options::message_window is full: until the program has taken
  /// enough of what was posted before.
  /// @param message what to send
  /// @return true if it has been sent; false if the program takes no more
  /// @par Exception safety
  /// Strong guarantee: lets through what saving the message throws, and `std::bad_alloc`.
  bool post(const sent& message)
    requires posts
  {
    return send(message, detail::talk_end::when_full::wait);
  }

  /// Posts a message if options::message_window has room for it now.
  /// @param message what to send
  /// @return true if it has been sent
  /// @par Exception safety
  /// Strong guarantee: lets through what saving the message throws, and `std::bad_alloc`.
  bool try_post(const sent& message)
    requires posts
  {
    return send(message, detail::talk_end::when_full::refuse);
  }

  /// Posts a message in the place of the last one that was posted so and has not left yet. For
  /// progress: the call never waits, and costs little more than the move of the message.
  ///
  /// One message leaves at a time, at most one each millisecond, and the next one when the program
  /// has taken it. A thread of the library's saves it. The last one leaves at the end of the
  /// callable, and before a later post().
  /// @param message what to send
  /// @return true if it will be sent, unless a later one replaces it; false if the program takes no
  /// more
  /// @par Exception safety
  /// Strong guarantee: lets through what moving the message throws. An exception of
  /// saving it makes the outcome ending::undelivered.
  bool post_latest(sent message)
    requires posts
  {
    return end_ != nullptr && end_->post_latest(latest_, std::addressof(message));
  }

  /// Waits for the next message of the program's.
  /// @return the message; nothing if there will be no more, or if there is none now and the
  /// callable has been asked to stop by its `std::stop_token`
  /// @par Exception safety
  /// Basic guarantee: lets through what loading the message throws, which is lost then.
  std::optional<taken> receive()
    requires receives
  {
    return take(true);
  }

  /// Takes the next message of the program's, if there is one.
  /// @return the message; nothing if there is none now
  /// @par Exception safety
  /// Basic guarantee: lets through what loading the message throws, which is lost then.
  std::optional<taken> try_receive()
    requires receives
  {
    return take(false);
  }

 private:
  bool send(const sent& message, detail::talk_end::when_full what) {
    if (end_ == nullptr) return false;
    detail::byte_buffer bytes;
    detail::codec<Out>::encode(bytes, message);
    return end_->post(std::move(bytes), what);
  }
  std::optional<taken> take(bool waits) {
    std::optional<taken> message;
    if (end_ == nullptr) return message;
    if (auto const bytes = end_->receive(waits))
      message.emplace(detail::codec<In>::decode(bytes->bytes()));
    return message;
  }

  detail::talk_end* end_;
  [[no_unique_address]] std::conditional_t<posts, detail::typed_latest<Out>, detail::no_message>
      latest_;
};

}  // namespace isolatte::inline v0_1

#endif
