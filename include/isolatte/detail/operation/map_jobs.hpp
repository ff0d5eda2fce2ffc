// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_OPERATION_MAP_JOBS_HPP
#define ISOLATTE_DETAIL_OPERATION_MAP_JOBS_HPP

#include <isolatte/detail/operation/adapted_handler.hpp>
#include <isolatte/detail/operation/initiate.hpp>
#include <isolatte/detail/operation/map_operation.hpp>
#include <isolatte/detail/task/talking.hpp>
#include <isolatte/detail/vocabulary/report.hpp>
#include <isolatte/map_options.hpp>
#include <isolatte/on_message.hpp>
#include <isolatte/outcome.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/system/error_code.hpp>

#include <concepts>
#include <cstddef>
#include <exception>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <ranges>
#include <type_traits>
#include <utility>
#include <vector>

namespace isolatte::inline v0_1::detail {

/// Keeps an element while its job is under way, as the range gave it: an lvalue stays one.
///
/// An lvalue of a forward range is referred to: it stays where it is as long as the range does.
/// Other elements are stored.
template <class Range>
class map_element {
  using reference = std::ranges::range_reference_t<Range>;
  using value = std::ranges::range_value_t<Range>;
  static constexpr bool is_lvalue = std::is_lvalue_reference_v<reference>;
  static constexpr bool in_place = is_lvalue && std::ranges::forward_range<Range>;
  using kept = std::conditional_t<!is_lvalue && std::constructible_from<value, reference>, value,
                                  std::remove_cvref_t<reference>>;

 public:
  /// The argument of the function.
  using type = std::conditional_t<is_lvalue, reference, kept&&>;

  template <class Iterator>
  explicit map_element(const Iterator& at) : kept_(take(at)) {}

  type get() noexcept {
    if constexpr (in_place)
      return *kept_;
    else
      return static_cast<type>(kept_);
  }

 private:
  using stored = std::conditional_t<in_place, std::add_pointer_t<reference>, kept>;

  template <class Iterator>
  static stored take(const Iterator& at) {
    if constexpr (in_place)
      return std::addressof(*at);
    else if constexpr (is_lvalue && !std::constructible_from<kept, reference>)
      return kept(std::ranges::iter_move(at));
    else
      return kept(*at);
  }

  stored kept_;
};

template <class Range>
using map_element_t = typename map_element<Range>::type;

template <class F, class Range>
concept maps = runnable<callable_within_t<F>&, map_element_t<Range>>;

template <class Range, class F>
using map_result = run_result<callable_within_t<F>&, map_element_t<Range>>;

/// The call of a map's function, within a listener if the function is.
template <class F, class Call>
auto listened_call(const F& f, Call what) {
  if constexpr (is_listener<F>)
    return message_listener<Call>{std::move(what), f.taker()};
  else
    return what;
}

template <class T>
inline constexpr bool is_initializer_list = false;
template <class T>
inline constexpr bool is_initializer_list<std::initializer_list<T>> = true;

/// Starts the jobs of a map:
/// - `concurrency()`: how many run at once by default;
/// - `get_executor()`: the operation's executor;
/// - `start(f, element, handler)`: starts `f(element)`, and completes with
///   `void(error_code, outcome<R>)` on the handler's associated executor, never from inside;
///   honours its cancellation slot. Both arguments outlive the job. They must not have been changed
///   if the job completes with an error, since then it may be started once more.
template <class L, class F, class Element, class Handler>
concept job_starter = requires(L& starter, F& f, Element&& element, Handler handler) {
  { std::as_const(starter).concurrency() } -> std::convertible_to<std::size_t>;
  { std::as_const(starter).get_executor() } -> std::convertible_to<boost::asio::any_io_executor>;
  starter.start(f, std::forward<Element>(element), std::move(handler));
};

/// The outcomes, shared by the operation, which fills them, and its handler.
template <class R>
using map_outcomes = std::shared_ptr<std::vector<outcome<R>>>;

/// Hands the outcomes over, after the compiled operation has ended.
template <class R>
struct deliver_outcomes {
  map_outcomes<R> outcomes;

  template <class Handler>
  void operator()(Handler&& handler, const boost::system::error_code& ec) && {
    std::vector<outcome<R>> all = std::move(*outcomes);
    outcomes.reset();
    std::move(handler)(ec, std::move(all));
  }
};

template <class R>
using map_signature = void(boost::system::error_code, std::vector<outcome<R>>);

/// Completes one job of a map.
template <class Jobs>
class map_job_handler {
 public:
  using executor_type = boost::asio::any_io_executor;
  using cancellation_slot_type = boost::asio::cancellation_slot;

  map_job_handler(std::shared_ptr<Jobs> jobs, std::size_t index, cancellation_slot_type slot)
      : executor_{jobs->serial()}, slot_{slot}, jobs_{std::move(jobs)}, index_{index} {}

  executor_type get_executor() const noexcept { return executor_; }
  cancellation_slot_type get_cancellation_slot() const noexcept { return slot_; }

  template <class Outcome>
  void operator()(boost::system::error_code ec, Outcome&& what) {
    Jobs::arrived(std::move(jobs_), index_, ec, std::move(what));
  }

 private:
  executor_type executor_;
  cancellation_slot_type slot_;
  std::shared_ptr<Jobs> jobs_;
  std::size_t index_;
};

/// Takes the elements of a map, starts their jobs, and keeps the outcomes.
template <class Starter, std::ranges::input_range Range, maps<Range> F>
class map_jobs final : public map_operation {
 public:
  using result = map_result<Range, F>;
  using outcomes = map_outcomes<result>;
  static_assert(job_starter<Starter, F, map_element_t<Range>, map_job_handler<map_jobs>>);

  map_jobs(Starter starter, Range range, F f, settings how, outcomes all)
      : map_operation{starter.get_executor(), std::move(how)},
        input_{std::in_place, std::move(starter), std::move(range), std::move(f)},
        outcomes_{std::move(all)} {
    if constexpr (requires { input_->starter.promise_jobs(); })
      promise_ = input_->starter.promise_jobs();
  }

  static void arrived(std::shared_ptr<map_jobs> self, std::size_t index,
                      const boost::system::error_code& ec, outcome<result>&& what) {
    bool const good = what.success() || what;
    put((*self->outcomes_)[index], std::move(what));
    ended(std::move(self), index, ec, good);
  }

 private:
  struct input {
    input(Starter&& l, Range&& r, F&& f)
        : starter(std::move(l)), range(std::move(r)), function(std::move(f)) {}
    Starter starter;
    Range range;
    F function;
    /// Points to the element that was taken last.
    std::optional<std::ranges::iterator_t<Range>> at{};
  };

  struct typed_job final : job {
    explicit typed_job(const std::ranges::iterator_t<Range>& at) : element{at} {}
    map_element<Range> element;
  };

  static void put(outcome<result>& place, outcome<result>&& what) {
    if constexpr (std::is_move_assignable_v<outcome<result>>) {
      place = std::move(what);
    } else {
      std::destroy_at(&place);
      std::construct_at(&place, std::move(what));
    }
  }

  std::unique_ptr<job> take(std::size_t index) override {
    // An exception of the range's is put into a place. The end of a range that told its size needs
    // none, and a map whose jobs are all done must not fail for want of one.
    bool const is_new = index == outcomes_->size();
    bool const comes_first = is_new && !std::ranges::sized_range<Range>;
    if (comes_first) outcomes_->emplace_back();
    // The iterator is not advanced before the next element is wanted: that may block, and throw.
    if (input_->at)
      ++*input_->at;
    else
      input_->at.emplace(std::ranges::begin(input_->range));
    if (*input_->at == std::ranges::end(input_->range)) {
      if (comes_first) outcomes_->pop_back();
      return nullptr;
    }
    if (is_new && !comes_first) outcomes_->emplace_back();
    return std::make_unique<typed_job>(*input_->at);
  }

  void start_job(std::size_t index, job& what) override {
    input_->starter.start(
        input_->function, static_cast<typed_job&>(what).element.get(),
        map_job_handler<map_jobs>{std::static_pointer_cast<map_jobs>(shared_from_this()), index,
                                  what.stop.slot()});
  }

  void refuse(std::size_t index, std::exception_ptr why) noexcept override {
    // There is no place if memory was short for it.
    if (index < outcomes_->size())
      put((*outcomes_)[index], outcome<result>::ended({}, std::move(why)));
  }

  void release() noexcept override {
    input_.reset();
    outcomes_.reset();
    promise_.reset();
  }

  std::optional<input> input_;
  /// That more jobs will come, for a pool that waits until there are none.
  std::shared_ptr<void> promise_;
  outcomes outcomes_;
};

template <class Starter, class Range, class F>
void start_map(const boost::asio::any_io_executor&, Starter&& starter, Range&& range, F&& f,
               map_options&& opts,
               boost::asio::any_completion_handler<map_signature<map_result<Range, F>>> handler) {
  using jobs = map_jobs<Starter, Range, F>;
  map_operation::settings how{
      .at_most = opts.max_concurrency != 0 ? opts.max_concurrency : starter.concurrency(),
      .stop_on_error = opts.stop_on_error,
      .on_progress = std::move(opts.on_progress)};
  auto all = std::make_shared<typename jobs::outcomes::element_type>();
  if constexpr (std::ranges::sized_range<Range>) {
    how.total = static_cast<std::size_t>(std::ranges::size(range));
    all->resize(*how.total);
  }
  std::make_shared<jobs>(std::move(starter), std::move(range), std::move(f), std::move(how), all)
      ->begin(adapted_handler{deliver_outcomes<typename jobs::result>{std::move(all)},
                              std::move(handler)});
}

template <class Starter, class Range, class F>
using map_initiation =
    initiation<&start_map<Starter, Range, F>, boost::asio::any_io_executor, void>;

/// Launches jobs in a kind of pool. The header that defines the pool specialises this, with a
/// constructor `(Pool&, const options&)`. See job_starter for the rest.
template <class Pool>
struct pool_starter;

template <class Pool>
concept starts_jobs = requires { sizeof(pool_starter<Pool>); } &&
                      std::constructible_from<pool_starter<Pool>, Pool&, const options&>;

template <starts_jobs Pool>
using default_token_of_pool = default_token<
    std::remove_cvref_t<decltype(std::declval<const pool_starter<Pool>&>().get_executor())>>;

}  // namespace isolatte::inline v0_1::detail

#endif
