// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_OPERATION_INITIATE_HPP
#define ISOLATTE_DETAIL_OPERATION_INITIATE_HPP

#include <isolatte/detail/operation/adapted_handler.hpp>
#include <isolatte/outcome.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/execution/executor.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/is_executor.hpp>
#include <boost/system/error_code.hpp>

#include <concepts>
#include <functional>
#include <type_traits>
#include <utility>

namespace isolatte::inline v0_1::detail {

// An operation runs on an executor or an execution context; these concepts tell them apart.

template <class T>
concept execution_context = std::convertible_to<T&, boost::asio::execution_context&> &&
                            requires(T& context) { context.get_executor(); };

template <class T>
concept executor =
    (boost::asio::execution::is_executor<T>::value || boost::asio::is_executor<T>::value) &&
    std::constructible_from<boost::asio::any_io_executor, const T&>;

/// The type of a function's parameter `Where&& where` that takes either.
template <class Where>
concept executor_or_context =
    executor<std::remove_cvref_t<Where>> || execution_context<std::remove_reference_t<Where>>;

template <class Where>
struct executor_of {
  using type = Where;
};
template <execution_context Where>
struct executor_of<Where> {
  using type = typename Where::executor_type;
};

template <class Where>
using executor_of_t = typename executor_of<std::remove_cvref_t<Where>>::type;

template <class Where>
boost::asio::any_io_executor erase_executor(Where& where) {
  if constexpr (execution_context<Where>)
    return where.get_executor();
  else
    return where;
}

/// The executor's own default token, or deferred if it has none. Asio's own trait is void there
/// until version 1.28.
template <class Executor>
using default_token =
    std::conditional_t<std::is_void_v<boost::asio::default_completion_token_t<Executor>>,
                       boost::asio::deferred_t, boost::asio::default_completion_token_t<Executor>>;

template <class Where>
using default_token_of = default_token<executor_of_t<Where>>;

template <class R>
using outcome_signature = void(boost::system::error_code, outcome<R>);

template <class Token, class R>
concept outcome_token = boost::asio::completion_token_for<Token, outcome_signature<R>>;

/// Passes an argument to a function that takes an rvalue. A copy stands for an lvalue: a deferred
/// operation that may be started again keeps its own.
template <class T>
T&& as_rvalue(T&& argument) noexcept
  requires(!std::is_lvalue_reference_v<T>)
{
  return std::move(argument);
}
template <class T>
T as_rvalue(const T& argument) {
  return argument;
}

/// The initiation of every operation: hands the arguments and the adapted handler to a function.
///
/// @tparam Start a pointer to a function or member, called as `Start(subject, args..., handler)`
/// @tparam Subject the operation's executor, or a pointer to what has one
/// @tparam Adapter makes what Start completes with into what the user's handler takes; void: they
/// are the same
template <auto Start, class Subject, class Adapter>
class initiation {
 public:
  using executor_type = boost::asio::any_io_executor;

  explicit initiation(Subject subject) noexcept : subject_{std::move(subject)} {}

  executor_type get_executor() const noexcept {
    if constexpr (std::is_pointer_v<Subject>)
      return subject_->get_executor();
    else
      return subject_;
  }

  template <class Handler, class... Args>
  void operator()(Handler&& handler, Args&&... args) const {
    if constexpr (std::is_void_v<Adapter>)
      std::invoke(Start, subject_, as_rvalue(std::forward<Args>(args))...,
                  std::forward<Handler>(handler));
    else
      std::invoke(Start, subject_, as_rvalue(std::forward<Args>(args))...,
                  adapted_handler{Adapter{}, std::forward<Handler>(handler)});
  }

 private:
  Subject subject_;
};

/// The initiation of an operation that completes with an outcome.
template <auto Start, class Subject, class R>
using outcome_initiation = initiation<Start, Subject, deliver_outcome<R>>;

/// The return type of an initiating function, chosen by the token.
template <class Token, class Signature, class Initiation, class... Args>
using initiated = decltype(boost::asio::async_initiate<Token, Signature>(
    std::declval<Initiation>(), std::declval<std::remove_reference_t<Token>&>(),
    std::declval<Args>()...));

}  // namespace isolatte::inline v0_1::detail

#endif
