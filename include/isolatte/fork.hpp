// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_FORK_HPP
#define ISOLATTE_FORK_HPP

#include <isolatte/callbacks.hpp>
#include <isolatte/config.hpp>
#include <isolatte/detail/operation/operation.hpp>
#include <isolatte/detail/task/callable_task.hpp>
#include <isolatte/detail/task/make_outcome.hpp>
#include <isolatte/detail/task/message.hpp>
#include <isolatte/on_message.hpp>
#include <isolatte/options.hpp>
#include <isolatte/outcome.hpp>

#include <boost/system/error_code.hpp>

#include <utility>

namespace isolatte::inline v0_1 {

/// Runs a callable in a fresh child process and waits for its outcome; needs no event loop.
///
/// Line callbacks and handlers of @ref on_message run in the calling thread; what they throw comes
/// out of here, after the child has been killed and reaped.
///
/// With options::early this returns at the result, and a detached thread reaps the child. Until
/// that thread ends, other children are forked from a program with several threads: see @ref
/// async_fork.
///
/// @param fn the callable
/// @param opts how to run it
/// @return the outcome; if no child could be created, ending::not_started with a
/// `boost::system::system_error` as its exception(), or `std::bad_alloc` if there is no memory for
/// one
///
/// @par Exception safety
/// Strong guarantee: if this throws, no child is left. The function throws `std::bad_alloc`, and
/// any exception of moving the callable, of a line callback or of a handler of messages.
/// @par Thread safety
/// May be called from any thread; see @ref async_fork on the callable in a program with several.
template <detail::can_run F>
[[nodiscard]] outcome<result_of<F>> fork(F fn, options opts = {}) {
  using R = result_of<F>;
  detail::require_transportable<R>();
  detail::report result;
  boost::system::error_code ec;
  {
    detail::talk_wish wish = detail::wish_of(fn);
    detail::callable_task<detail::callable_within_t<F>> task{detail::callable_in(std::move(fn))};
    ec = detail::run(task, std::move(opts), std::move(wish), result);
  }
  return detail::make_outcome<R>(ec, std::move(result));
}

/// An outcome that callbacks have been told of, so that a program may ignore it.
template <class R>
class reported_outcome : public outcome<R> {
 public:
  /// Makes one of an outcome.
  /// @param what the outcome
  reported_outcome(outcome<R>&& what) : outcome<R>{std::move(what)} {}
};

/// Runs a callable in a fresh child process, waits for it, and runs the callbacks that fit its
/// outcome, in the calling thread.
///
/// @param fn the callable
/// @param opts how to run it
/// @param on the callbacks
/// @return the outcome; a value that cannot be copied has been moved to `success`
/// @throws what a callback threw, or an exception for which there was no `error` callback
///
/// @par Exception safety
/// Basic guarantee: no child is left, and callbacks may have run.
template <detail::can_run F>
reported_outcome<result_of<F>> fork(F fn, options opts, callbacks<result_of<F>> on) {
  outcome<result_of<F>> result = isolatte::fork(std::move(fn), std::move(opts));
  on.report(result);
  return result;
}

}  // namespace isolatte::inline v0_1

#endif
