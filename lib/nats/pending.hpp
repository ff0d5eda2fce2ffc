// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_NATS_PENDING_HPP
#define ISOLATTE_LIB_NATS_PENDING_HPP

#include <isolatte/config.hpp>

#include <boost/asio/any_completion_executor.hpp>
#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>

#include <memory>
#include <new>
#include <optional>
#include <thread>
#include <tuple>
#include <utility>

namespace isolatte::inline v0_1::nats {

/// The executor of a handler that has none.
struct own_executor {
  template <class Function>
  void execute(Function&&) const noexcept {}
  friend bool operator==(own_executor, own_executor) noexcept { return true; }
  friend bool operator!=(own_executor, own_executor) noexcept { return false; }
};

/// A user's handler that waits. Until it is called, neither the operation's event loop nor the
/// handler's runs out of work.
///
/// No handler is lost when memory is short: if an executor has no memory for the call, this waits
/// until it has.
template <class... Args>
class pending {
  using handler_type = boost::asio::any_completion_handler<void(Args...)>;
  using executor_type = boost::asio::any_completion_executor;

 public:
  /// @throws std::bad_alloc
  pending(handler_type&& handler, const boost::asio::any_io_executor& loop)
      : waiting_{std::make_shared<waiting>(std::move(handler), loop)} {}

  boost::asio::cancellation_slot slot() const noexcept {
    return boost::asio::get_associated_cancellation_slot(waiting_->handler);
  }

  /// Has the handler called on its executor, never from here. For any thread.
  void complete(Args... args) && {
    auto const what = std::move(waiting_);
    what->given.emplace(std::move(args)...);
    retry(*what,
          [&] { boost::asio::post(what->loop, [it = what]() mutable { go_on(std::move(it)); }); });
  }

 private:
  struct waiting {
    waiting(handler_type&& of, const boost::asio::any_io_executor& where)
        : handler{std::move(of)}, loop{tracked(where)}, elsewhere{executor_of(handler)} {}

    handler_type handler;
    boost::asio::any_io_executor loop;
    std::optional<executor_type> elsewhere;
    std::optional<std::tuple<Args...>> given{};
    bool is_called = false;
  };

  static boost::asio::any_io_executor tracked(const boost::asio::any_io_executor& loop) {
    return boost::asio::prefer(loop, boost::asio::execution::outstanding_work.tracked);
  }
  static std::optional<executor_type> executor_of(const handler_type& handler) {
    executor_type const found = boost::asio::get_associated_executor(handler, own_executor{});
    // any_completion_handler gives none when it has no memory for one.
    if (!found) throw std::bad_alloc{};
    if (found.template target<own_executor>() != nullptr) return std::nullopt;
    return boost::asio::prefer(found, boost::asio::execution::outstanding_work.tracked);
  }

  template <class Step>
  static void retry(const waiting& what, Step step) {
    for (;;) {
      try {
        return step();
      } catch (const std::bad_alloc&) {
        // The handler's own exception passes.
        if (what.is_called) throw;
      }
      std::this_thread::yield();
    }
  }
  static void go_on(std::shared_ptr<waiting> what) {
    if (!what->elsewhere) return call(std::move(what));
    auto const elsewhere = *what->elsewhere;
    // The call may take place here.
    retry(*what, [&] {
      boost::asio::dispatch(elsewhere, [it = what]() mutable { call(std::move(it)); });
    });
  }
  static void call(std::shared_ptr<waiting> what) {
    what->is_called = true;
    auto handler = std::move(what->handler);
    auto given = std::move(*what->given);
    if (auto slot = boost::asio::get_associated_cancellation_slot(handler); slot.is_connected())
      slot.clear();
    // The operation holds nothing when its handler is called.
    what.reset();
    std::apply([&](Args&... each) { std::move(handler)(std::move(each)...); }, given);
  }

  std::shared_ptr<waiting> waiting_;
};

}  // namespace isolatte::inline v0_1::nats

#endif
