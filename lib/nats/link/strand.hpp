// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_NATS_LINK_STRAND_HPP
#define ISOLATTE_LIB_NATS_LINK_STRAND_HPP

#include "nats/link/memory.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/execution/blocking.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/wait_traits.hpp>

#include <chrono>
#include <list>
#include <memory>
#include <mutex>
#include <type_traits>
#include <utility>

namespace isolatte::inline v0_1::nats::link {

/// An executor that runs functions on another one, one at a time and in order, never at once, and
/// waits for memory where there is none.
///
/// Asio's strand runs nothing any more after it had no memory to ask its executor for a turn, and
/// ends the program if it has none at the end of a turn.
class strand {
 public:
  /// Makes one that belongs to no executor, and to which nothing is given.
  strand() noexcept = default;
  /// No constructor: any_io_executor would ask whether it can be made of a strand.
  static strand on(const boost::asio::any_io_executor& inner);

  explicit operator bool() const noexcept { return state_ != nullptr; }
  const boost::asio::any_io_executor& inner() const noexcept;

  template <class Function>
  void post(Function&& function) const {
    using one = typed_function<std::decay_t<Function>>;
    add(until_memory([&] {
      functions made;
      // Has its memory before the function is moved.
      made.push_back(nullptr);
      made.back().reset(new one{std::forward<Function>(function)});
      return made;
    }));
  }

  // The members that Asio asks of an executor.

  template <class Function>
  void execute(Function&& function) const {
    post(std::forward<Function>(function));
  }
  boost::asio::execution_context& query(boost::asio::execution::context_t) const noexcept;
  static constexpr boost::asio::execution::blocking_t query(
      boost::asio::execution::blocking_t) noexcept {
    return boost::asio::execution::blocking.never;
  }
  strand require(boost::asio::execution::blocking_t::never_t) const noexcept { return *this; }
  friend bool operator==(const strand& a, const strand& b) noexcept { return a.state_ == b.state_; }
  friend bool operator!=(const strand& a, const strand& b) noexcept { return !(a == b); }

 private:
  struct any_function {
    virtual ~any_function() = default;
    virtual void call() = 0;
  };
  template <class Function>
  struct typed_function final : any_function {
    template <class F>
    explicit typed_function(F&& given) : function(std::forward<F>(given)) {}
    void call() override { std::move(function)(); }
    Function function;
  };
  using functions = std::list<std::unique_ptr<any_function>>;
  class state;

  explicit strand(std::shared_ptr<state> of) noexcept : state_{std::move(of)} {}
  void add(functions&& one) const;

  std::shared_ptr<state> state_;
};

using timer =
    boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                      boost::asio::wait_traits<std::chrono::steady_clock>, strand>;

/// Waits for memory to begin the wait.
template <class Handler>
void wait_on(timer& which, const Handler& handler) {
  until_memory([&] { which.async_wait(handler); });
}

}  // namespace isolatte::inline v0_1::nats::link

#endif
