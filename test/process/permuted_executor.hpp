// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_TEST_PROCESS_PERMUTED_EXECUTOR_HPP
#define ISOLATTE_TEST_PROCESS_PERMUTED_EXECUTOR_HPP

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/require.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <random>
#include <type_traits>
#include <utility>
#include <vector>

namespace isolatte::inline v0_1::test {

/// Runs functions on a context, which one thread runs, in an order that a seed decides: whichever
/// is ready may come first, and may be passed over for a while.
class permuted_executor {
  struct state {
    explicit state(unsigned seed) : random{seed} {}
    std::size_t below(std::size_t count) {
      return std::uniform_int_distribution<std::size_t>{0, count - 1}(random);
    }
    std::mt19937 random;
    std::vector<std::function<void()>> waiting;
    std::size_t out_of_order = 0;
  };

 public:
  permuted_executor(boost::asio::io_context& context, unsigned seed)
      : inner_{context.get_executor()}, state_{std::make_shared<state>(seed)} {}

  /// How many functions have run before one that had come earlier.
  std::size_t out_of_order() const noexcept { return state_->out_of_order; }

  template <class F>
  void execute(F&& f) const {
    auto kept = std::make_shared<std::decay_t<F>>(std::forward<F>(f));
    state_->waiting.emplace_back([kept] { std::move (*kept)(); });
    take_turn_later();
  }

  boost::asio::execution_context& query(boost::asio::execution::context_t) const noexcept {
    return boost::asio::query(inner_, boost::asio::execution::context);
  }
  permuted_executor require(boost::asio::execution::blocking_t::never_t never) const {
    return {boost::asio::require(inner_, never), state_};
  }
  permuted_executor prefer(boost::asio::execution::blocking_t::possibly_t) const { return *this; }
  permuted_executor prefer(boost::asio::execution::outstanding_work_t::tracked_t tracked) const {
    return {boost::asio::prefer(inner_, tracked), state_};
  }

  friend bool operator==(const permuted_executor& a, const permuted_executor& b) noexcept {
    return a.state_ == b.state_;
  }

 private:
  permuted_executor(boost::asio::any_io_executor inner, std::shared_ptr<state> shared)
      : inner_{std::move(inner)}, state_{std::move(shared)} {}

  /// Each function brings one turn, so the last turn is that of the last function.
  void take_turn_later() const {
    boost::asio::require(inner_, boost::asio::execution::blocking.never).execute([self = *this] {
      self.take_turn();
    });
  }
  void take_turn() const {
    constexpr std::size_t passed_over_once_in = 4;
    // Meanwhile the context may find more that is ready.
    if (state_->below(passed_over_once_in) == 0) return take_turn_later();
    auto& waiting = state_->waiting;
    std::size_t const chosen = state_->below(waiting.size());
    if (chosen != 0) ++state_->out_of_order;
    auto const function = std::move(waiting[chosen]);
    waiting.erase(waiting.begin() + static_cast<std::ptrdiff_t>(chosen));
    function();
  }

  boost::asio::any_io_executor inner_;
  std::shared_ptr<state> state_;
};

}  // namespace isolatte::inline v0_1::test

#endif
