// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_ASYNC_MAP_HPP
#define ISOLATTE_ASYNC_MAP_HPP

#include <isolatte/async_fork.hpp>
#include <isolatte/config.hpp>
#include <isolatte/detail/operation/initiate.hpp>
#include <isolatte/detail/operation/map_jobs.hpp>
#include <isolatte/detail/operation/map_operation.hpp>
#include <isolatte/detail/task/result_task.hpp>
#include <isolatte/detail/task/talk_end.hpp>
#include <isolatte/detail/task/talking.hpp>
#include <isolatte/map_options.hpp>
#include <isolatte/on_message.hpp>
#include <isolatte/options.hpp>
#include <isolatte/outcome.hpp>
#include <isolatte/stdio.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/system/error_code.hpp>

#include <cstddef>
#include <memory>
#include <ranges>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace isolatte::inline v0_1 {

/// The type of each value of a map: the function's result for an element of the range, decayed.
///
/// The function is called with what the range's iterators give; if that is no lvalue, with an
/// rvalue of the range's value type.
template <std::ranges::input_range Range, detail::maps<Range> F>
using map_result_of = detail::map_result<Range, F>;

/// @cond
namespace detail {

/// A map's function and its element, by reference: the child is made, a copy of both, before the
/// job's start returns.
template <class F, class Element>
class element_call {
 public:
  using talk_type = signature_of<F&, Element&&>;

  element_call(F& function, Element&& element) noexcept
      : function_{std::addressof(function)}, element_{std::addressof(element)} {}

  typename talk_type::result run(talk_end* talk) && {
    return static_cast<typename talk_type::result>(
        invoke_talking(talk, *function_, static_cast<Element&&>(*element_)));
  }

 private:
  F* function_;
  std::remove_reference_t<Element>* element_;
};

template <class F, class Element>
struct result_of_run<element_call<F, Element>> {
  using type = typename element_call<F, Element>::talk_type::result;
};

/// Launches a fresh child for each job.
class fork_starter {
 public:
  fork_starter(boost::asio::any_io_executor executor, options child)
      : executor_{std::move(executor)}, child_{std::move(child)} {
    // A child that is reaped in the background is none of the map's: there could be more of them
    // than map_options::max_concurrency.
    child_.early = false;
  }

  const boost::asio::any_io_executor& get_executor() const noexcept { return executor_; }
  std::size_t concurrency() const noexcept { return processors(); }

  template <class F, class Element, class Handler>
  void start(F& f, Element&& element, Handler handler) {
    // All children share one line callback and one handler of messages, so these run on the map's
    // strand, which is the handler's executor. A lock would block the threads that the callback may
    // wait for.
    constexpr bool is_heard = is_listener<std::remove_cvref_t<F>>;
    auto const executor = is_heard || has_line_callback() ? handler.get_executor() : executor_;
    auto& function = callable_in(f);
    using call = element_call<std::remove_reference_t<decltype(function)>, Element>;
    isolatte::async_fork(executor, listened_call(f, call{function, std::forward<Element>(element)}),
                         child_, std::move(handler));
  }

 private:
  bool has_line_callback() const noexcept {
    return std::holds_alternative<by_line>(child_.out) ||
           std::holds_alternative<by_line>(child_.err);
  }

  boost::asio::any_io_executor executor_;
  options child_;
};

template <class Token, class Range, class F>
concept map_token = boost::asio::completion_token_for<Token, map_signature<map_result<Range, F>>>;

template <class Starter, class Range, class F, class Token>
using mapped = initiated<Token, map_signature<map_result<Range, F>>,
                         map_initiation<Starter, Range, F>, Starter, Range, F, map_options>;

template <class Starter, class Range, class F, class Token>
auto map_by(Starter starter, Range&& range, F&& f, map_options&& opts, Token&& token)
    -> mapped<Starter, Range, F, Token> {
  using R = map_result<Range, F>;
  require_transportable<R>();
  static_assert(!is_initializer_list<Range>,
                "isolatte: what an initializer_list refers to is gone before the jobs are started; "
                "pass a std::vector or a std::array");
  return boost::asio::async_initiate<Token, map_signature<R>>(
      map_initiation<Starter, Range, F>{starter.get_executor()}, token, std::move(starter),
      std::move(range), std::move(f), std::move(opts));
}

}  // namespace detail
/// @endcond

/// Runs a function for each element of a range, each in a fresh child process, with a bounded
/// number of children at once, and completes with the outcomes in the order of the elements.
///
/// @code
/// asio::awaitable<void> show_all(asio::any_io_executor executor, std::vector<std::string> files) {
///   auto const results = co_await isolatte::async_map(
///       executor, std::move(files), [](const std::string& name) { return parse(name); });
///   for (auto const& result : results) std::cout << result << '\n';
/// }
/// @endcode
///
/// An element is taken from the range when its job is started, and no sooner; so a range may be
/// read from a stream, or be endless. Children are started by the event loop, one a turn.
///
/// @param where an executor, or an execution context, for the operation and its children
/// @param range any input range, taken by value: a container is copied, or moved if it is an rvalue
/// (that allows move-only elements). To have a container referred to, pass a view (`std::span`,
/// `std::views::all(c)`). Elements of a forward range are not copied. Elements of a single-pass
/// range are copied or moved once
/// @param f the function; may be move-only and capture anything. Each child has a copy of the
/// function as it is when the child is created. Before the element it may take a `std::stop_token`
/// and a @ref channel; with @ref on_message one handler takes the messages of all children, one at
/// a time
/// @param opts how many jobs run at once, when to stop, what to call after each end, and how the
/// children are run
/// @param token the completion token, with signature
/// `void(boost::system::error_code, std::vector<outcome<map_result_of<Range, F>>>)`; by default
/// that of the executor, or `boost::asio::deferred`
/// @return what the token makes of the operation: the result of `boost::asio::async_initiate`
///
/// @par Outcomes
/// One for each element, at its index. Elements of a range with a size that were never started have
/// an ending::not_started; of another range, the elements that were taken have outcomes. Nothing
/// that arrived is lost, however the operation ends, but a token that throws the error (such as
/// `use_awaitable`) loses all: `as_tuple` keeps it.
/// @par Handler executor
/// The handler's associated executor, or that of @p where. The handler is never called inside the
/// initiating function, and everything the operation held is released before it is called.
/// @par Progress
/// map_options::on_progress runs on @p where, never twice at once, and not any more when the
/// handler is called. An exception of on_progress leaves the `run()` of the event loop, and the
/// operation goes on.
/// Line callbacks of different children may run at once if several threads run @p where, and do not
/// if it is a strand.
/// @par Per-operation cancellation
/// `terminal`, `partial` and `total` are passed on to every child, as by @ref async_fork, and
/// nothing more is started. The operation completes when the last child is reaped, with
/// `boost::asio::error::operation_aborted` if that kept any element from being done.
/// @par Errors
/// The end of a child is in its outcome, and is no error; neither is a failure that stops the map
/// by map_options::stop_on_error. The operation completes with `operation_aborted`, else with the
/// first of these errors, while the map goes on:
/// - the error for which a child could not be created. A shortage (`EAGAIN`, `ENOMEM`, `EMFILE`,
///   `ENFILE`) is no error if other jobs are under way: the job is tried again when one of them has
///   ended, and fewer run at once from then on;
/// - error::bad_element: the range threw, or copying an element did. The exception is
///   in the outcome at that index, and the range is not asked for more.
///
/// @par Exception safety
/// Strong guarantee, except for the range and the function, which may have been moved from: if the
/// initiating function throws, no child is made and the handler is not called. The function throws
/// `std::bad_alloc`, and any exception of moving the range, @p f or the handler.
/// @par Thread safety
/// May be called from any thread; any number of threads may run the executor. The range and the
/// function are used by one thread at a time. For the children the same holds as for
/// @ref async_fork.
/// @par Lifetime
/// Objects that a view or the function refers to must live until the operation completes.
/// Destroying the execution context kills and reaps the children.
template <detail::executor_or_context Where, std::ranges::input_range Range, detail::maps<Range> F,
          detail::map_token<Range, F> Token = detail::default_token_of<Where>>
auto async_map(Where&& where, Range range, F f, map_options opts = {},
               Token&& token = detail::default_token_of<Where>())
    -> detail::mapped<detail::fork_starter, Range, F, Token> {
  detail::fork_starter starter{detail::erase_executor(where), std::move(opts.child)};
  return detail::map_by(std::move(starter), std::move(range), std::move(f), std::move(opts),
                        std::forward<Token>(token));
}

/// Runs a function for each element of a range, each in a fresh child process, with default
/// options.
///
/// @param where an executor, or an execution context
/// @param range any input range
/// @param f the function
/// @param token the completion token
/// @return what the token makes of the operation
template <detail::executor_or_context Where, std::ranges::input_range Range, detail::maps<Range> F,
          detail::map_token<Range, F> Token>
auto async_map(Where&& where, Range range, F f, Token&& token)
    -> detail::mapped<detail::fork_starter, Range, F, Token> {
  return isolatte::async_map(std::forward<Where>(where), std::move(range), std::move(f),
                             map_options{}, std::forward<Token>(token));
}

/// Runs a function for each element of a range as jobs of a pool.
///
/// The meaning is the same, on warm workers: @p f and the elements must be transportable, as those
/// of
/// @ref call are. The timeout, the grace and the largest result of map_options::child apply if they
/// differ from their defaults; otherwise the pool's do. A map_options::child with a sandbox is
/// `invalid_argument`, since jobs have that of pool_options::worker. A job that the pool has no
/// place for is tried again when one of this map's has ended.
///
/// @param pool the pool; must outlive the operation
/// @param range any input range
/// @param f the function
/// @param opts how the jobs are run; by default as many are under way as the pool recommends
/// @param token the completion token; by default that of the pool's executor, or
/// `boost::asio::deferred`
/// @return what the token makes of the operation
template <detail::starts_jobs Pool, std::ranges::input_range Range, detail::maps<Range> F,
          detail::map_token<Range, F> Token = detail::default_token_of_pool<Pool>>
auto async_map(Pool& pool, Range range, F f, map_options opts = {},
               Token&& token = detail::default_token_of_pool<Pool>())
    -> detail::mapped<detail::pool_starter<Pool>, Range, F, Token> {
  detail::pool_starter<Pool> starter{pool, opts.child};
  return detail::map_by(std::move(starter), std::move(range), std::move(f), std::move(opts),
                        std::forward<Token>(token));
}

/// Runs a function for each element of a range as jobs of a pool, with default options.
///
/// @param pool the pool; must outlive the operation
/// @param range any input range
/// @param f the function
/// @param token the completion token
/// @return what the token makes of the operation
template <detail::starts_jobs Pool, std::ranges::input_range Range, detail::maps<Range> F,
          detail::map_token<Range, F> Token>
auto async_map(Pool& pool, Range range, F f, Token&& token)
    -> detail::mapped<detail::pool_starter<Pool>, Range, F, Token> {
  return isolatte::async_map(pool, std::move(range), std::move(f), map_options{},
                             std::forward<Token>(token));
}

}  // namespace isolatte::inline v0_1

#endif
