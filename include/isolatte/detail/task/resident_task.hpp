// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_TASK_RESIDENT_TASK_HPP
#define ISOLATTE_DETAIL_TASK_RESIDENT_TASK_HPP

#include <isolatte/call.hpp>
#include <isolatte/detail/task/child_task.hpp>
#include <isolatte/detail/task/message.hpp>
#include <isolatte/detail/task/remote_call.hpp>
#include <isolatte/detail/task/result_task.hpp>
#include <isolatte/detail/task/talk_end.hpp>
#include <isolatte/detail/task/talking.hpp>
#include <isolatte/detail/task/value_place.hpp>
#include <isolatte/on_message.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>

namespace isolatte::inline v0_1::detail {

/// The object of the resident that this process is. Never destroyed: its process ends.
template <class T>
inline T* resident_object = nullptr;

/// Makes the object of a resident.
template <class T, class Call>
class make_object_task final : public result_task<void> {
 public:
  explicit make_object_task(std::span<const std::byte> arguments) noexcept
      : arguments_{arguments} {}

  static std::unique_ptr<child_task> make(std::span<const std::byte> arguments) {
    return std::make_unique<make_object_task>(arguments);
  }

  void receive() override {
    emplace_result(call_, [&] { return Call::decode(arguments_); });
  }
  void invoke() override { resident_object<T> = new T(std::move(*call_)()); }

 private:
  std::span<const std::byte> arguments_;
  value_place<Call> call_;
};

/// A call, to be run on an object.
template <class T, class Call>
class call_on_object {
 public:
  using talk_type = typename Call::template talk_type_on<T>;

  call_on_object(Call&& call, T& object) noexcept : call_{call}, object_{object} {}
  typename talk_type::result run(talk_end* talk) && {
    return std::move(call_).run_on(object_, talk);
  }

 private:
  Call& call_;
  T& object_;
};

/// Calls a function on the object of a resident.
template <class T, class Call, class R = typename Call::template talk_type_on<T>::result>
class call_object_task final : public result_task<R> {
 public:
  explicit call_object_task(std::span<const std::byte> arguments) noexcept
      : arguments_{arguments} {}

  static std::unique_ptr<child_task> make(std::span<const std::byte> arguments) {
    return std::make_unique<call_object_task>(arguments);
  }

  void receive() override {
    emplace_result(call_, [&] { return Call::decode(arguments_); });
  }
  void invoke() override {
    this->keep_result_of(call_on_object<T, Call>{std::move(*call_), *resident_object<T>});
  }

 private:
  std::span<const std::byte> arguments_;
  value_place<Call> call_;
};

template <class T, class Call>
remote_call make_object_call(const Call& call) {
  remote_call result{&make_object_task<T, Call>::make, call.function_address(), {}};
  call.encode(result.arguments);
  return result;
}

/// Whether a call's function can be called on an object.
template <class Call, class T>
inline constexpr bool can_be_called_on = false;
template <class F, class... Args, class T>
inline constexpr bool can_be_called_on<bound_call<F, Args...>, T> = runnable<F, T&, Args...>;

/// The value's type of a call on an object; void if it cannot be made.
template <class Call, class T>
struct result_on {
  using type = void;
};
template <class Call, class T>
  requires can_be_called_on<Call, T>
struct result_on<Call, T> {
  using type = typename Call::template talk_type_on<T>::result;
};
template <class Call, class T>
using result_on_t = typename result_on<callable_within_t<Call>, T>::type;

/// Encodes a call on the object of a resident.
template <class T, class Call>
remote_call encode_call_on([[maybe_unused]] const Call& what,
                           [[maybe_unused]] bool by_handle = false) {
  using call = callable_within_t<Call>;
  static_assert(is_call<call>,
                "isolatte: what a resident is to run is sent to its process: wrap it in "
                "isolatte::call(f, args...)");
  static_assert(!is_call<call> || can_be_called_on<call, T>,
                "isolatte: the function cannot be called with the resident's object, an lvalue, "
                "and these arguments, which it is given as rvalues");
  if constexpr (can_be_called_on<call, T>) {
    require_transportable<result_on_t<Call, T>>();
    const call& bound = callable_in(what);
    remote_call remote{&call_object_task<T, call>::make, bound.function_address(), {}};
    bound.encode(remote.arguments);
    auto taker = taker_in(what);
    remote.talk.needs =
        needs_of<typename call::template talk_type_on<T>>(taker != nullptr, by_handle);
    remote.talk.taker = std::move(taker);
    return remote;
  } else {
    return {};
  }
}

}  // namespace isolatte::inline v0_1::detail

#endif
