// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_CALLBACKS_HPP
#define ISOLATTE_CALLBACKS_HPP

#include <isolatte/config.hpp>
#include <isolatte/outcome.hpp>

#include <boost/system/error_code.hpp>

#include <exception>
#include <functional>
#include <type_traits>
#include <utility>

namespace isolatte::inline v0_1 {

namespace detail {

/// Says which callbacks fit an outcome. Worked out in the library, once for every result type.
struct callback_plan {
  bool success = false;
  bool error = false;
  bool exit = false;
  bool fault = false;
  bool kill = false;
  bool signal = false;
  bool timeout = false;
  bool finish = false;
  int number = 0;
  int code = 0;
  std::exception_ptr exception{};
};

ISOLATTE_DECL callback_plan plan_callbacks(const outcome_base& outcome);

}  // namespace detail

/// One callback for each way a child can end: the API of the Ruby gem IsoLatte.
///
/// An aggregate for designated initialisers, which is a completion handler of @ref async_fork and
/// an argument of @ref fork.
///
/// The specific callbacks run first, then `finish`, which runs for every child that was started,
/// also after one before it threw. An exception for which there is no `error` callback is rethrown
/// after `finish`: out of `fork`, or out of the event loop's `run()`. So is an error of the
/// operation itself (the child could not be created), as a `boost::system::system_error`. After a
/// cancellation only `finish` runs.
///
/// @code
/// isolatte::fork(count_words, {},
///                {.success = [](int words) { std::cout << words << '\n'; },
///                 .fault = [](int signal) { std::cerr << isolatte::signal_name(signal) << '\n';
///                 }});
/// @endcode
///
/// @tparam R the callable's decayed result, or void
template <class R>
struct callbacks {
  /// The callable returned, with its value. For void also: the child exited with 0. With another
  /// type that child has no value to hand over.
  std::conditional_t<std::is_void_v<R>, std::function<void()>,
                     std::function<void(std::conditional_t<std::is_void_v<R>, int, R>)>>
      success{};
  /// The callable threw, its value could not be carried over, or no child could be created.
  std::function<void(std::exception_ptr)> error{};
  /// The child called `exit` itself, with this code, which may be 0.
  std::function<void(int code)> exit{};
  /// A fatal signal such as SIGSEGV ended the child.
  std::function<void(int signal)> fault{};
  /// SIGKILL ended the child; also that of the timeout.
  std::function<void()> kill{};
  /// Any other signal ended the child.
  std::function<void(int signal)> signal{};
  /// The child was still running at its timeout.
  std::function<void()> timeout{};
  /// The child has ended. Runs last, for every child that was started: with outcome_base::success,
  /// and the code that a shell would give: the exit code, 0 for a return, 128 + n for signal n.
  std::function<void(bool success, int code)> finish{};

  /// Runs the callbacks that fit an outcome.
  /// @param ec the operation's error, which the outcome tells, too
  /// @param what the outcome; its value is handed to `success`
  /// @throws what a callback threw, or an exception for which there was no `error` callback
  void operator()([[maybe_unused]] boost::system::error_code ec, outcome<R> what) const {
    report(what);
  }

  /// Runs the callbacks that fit an outcome, which the caller keeps.
  /// @param what the outcome; a value that cannot be copied is moved to `success`
  /// @throws what a callback threw, or an exception for which there was no `error` callback
  void report(outcome<R>& what) const {
    detail::callback_plan plan = detail::plan_callbacks(what);
    std::exception_ptr thrown;
    try {
      if (plan.success) succeed(what);
      if (plan.error && error) error(std::exchange(plan.exception, nullptr));
      if (plan.exit && exit) exit(plan.number);
      if (plan.fault && fault) fault(plan.number);
      if (plan.timeout && timeout) timeout();
      if (plan.kill && kill) kill();
      if (plan.signal && signal) signal(plan.number);
    } catch (...) {
      thrown = std::current_exception();
    }
    if (plan.finish && finish) finish(what.success(), plan.code);
    if (thrown) std::rethrow_exception(thrown);
    if (plan.exception) std::rethrow_exception(plan.exception);
  }

 private:
  void succeed(outcome<R>& what) const {
    if (!success) return;
    if constexpr (std::is_void_v<R>)
      success();
    else if (!what)
      return;  // exited with 0
    else if constexpr (std::is_copy_constructible_v<R>)
      success(what.value());
    else
      success(std::move(what).value());
  }
};

}  // namespace isolatte::inline v0_1

#endif
