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

#include <new>
#include <optional>
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
template <class... Args>
class pending {
  using handler_type = boost::asio::any_completion_handler<void(Args...)>;
  using executor_type = boost::asio::any_completion_executor;

 public:
  /// @throws std::bad_alloc
  pending(handler_type&& handler, const boost::asio::any_io_executor& loop)
      : handler_{std::move(handler)}, loop_{tracked(loop)}, elsewhere_{executor_of(handler_)} {}
  pending(pending&&) = default;
  // Boost 1.81's assignment of a handler never returns.
  pending& operator=(pending&&) = delete;

  boost::asio::cancellation_slot slot() const noexcept {
    return boost::asio::get_associated_cancellation_slot(handler_);
  }

  /// Has the handler called on its executor, never from here. For any thread.
  void complete(Args... args) && {
    auto const loop = loop_;
    boost::asio::post(loop, [self = std::move(*this),
                             given = std::make_tuple(std::move(args)...)]() mutable {
      auto last = [handler = std::move(self.handler_), given = std::move(given)]() mutable {
        if (auto slot = boost::asio::get_associated_cancellation_slot(handler); slot.is_connected())
          slot.clear();
        std::apply([&](Args&... each) { std::move(handler)(std::move(each)...); }, given);
      };
      if (!self.elsewhere_) return last();
      auto const elsewhere = *self.elsewhere_;
      boost::asio::dispatch(elsewhere, std::move(last));
    });
  }

 private:
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

  handler_type handler_;
  boost::asio::any_io_executor loop_;
  std::optional<executor_type> elsewhere_;
};

}  // namespace isolatte::inline v0_1::nats

#endif
