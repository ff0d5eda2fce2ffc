// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_SUPERVISE_PENDING_HANDLER_HPP
#define ISOLATTE_LIB_SUPERVISE_PENDING_HANDLER_HPP

#include "supervise/loop_task.hpp"
#include "supervise/operation_memory.hpp"
#include "vocabulary/errors.hpp"

#include <isolatte/detail/operation/operation.hpp>
#include <isolatte/detail/vocabulary/report.hpp>

#include <boost/asio/any_completion_executor.hpp>
#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/system/error_code.hpp>

#include <memory>
#include <new>
#include <optional>
#include <tuple>
#include <utility>

namespace isolatte::inline v0_1::supervise {

/// The executor of a handler that has none. Unlike the operation's, it is put into an
/// any_completion_executor without an allocation.
struct no_executor {
  template <class Function>
  void execute(Function&&) const noexcept {}
  friend bool operator==(no_executor, no_executor) noexcept { return true; }
  friend bool operator!=(no_executor, no_executor) noexcept { return false; }
};

/// A user's handler, and the work that keeps its executor going until it is called.
///
/// Whatever a completion needs is allocated when this is made, so that no handler is lost when
/// memory is short.
template <class... Args>
class basic_pending_handler {
  using handler_type = boost::asio::any_completion_handler<void(Args...)>;
  using executor_type = boost::asio::any_completion_executor;

 public:
  /// @throws std::bad_alloc
  basic_pending_handler(handler_type handler, const boost::asio::any_io_executor& otherwise)
      : completion_{std::make_shared<completion>(std::move(handler), otherwise)} {}
  /// @param room for what a completion needs
  basic_pending_handler(handler_type handler, const boost::asio::any_io_executor& otherwise,
                        const std::shared_ptr<operation_memory>& room)
      : completion_{std::allocate_shared<completion>(operation_allocator<completion>{room},
                                                     std::move(handler), otherwise)} {}

  /// Calls the handler on its executor; here and now if the executor is the operation's.
  /// @pre the operation's executor runs this
  void complete(Args&&... args) && {
    auto going = std::move(completion_);
    if (!going->elsewhere) {
      auto called = going->take_handler();
      // The operation holds nothing when its handler is called.
      going.reset();
      return std::move(called)(std::move(args)...);
    }
    going->arguments.emplace(std::move(args)...);
    completion& self = *going;
    self.run(std::move(going));
  }

  /// Calls the handler from the event loop, never from here.
  void complete_later(const boost::asio::any_io_executor& loop, Args... args) && {
    auto const going = std::move(completion_);
    going->arguments.emplace(std::move(args)...);
    post(loop, going);
  }

 private:
  struct completion final : loop_task {
    completion(handler_type&& given, const boost::asio::any_io_executor& otherwise)
        : handler{std::move(given)}, elsewhere{executor_of(handler, otherwise)} {}

    /// Gives the handler's executor, or nothing if that is the operation's, which has work of its
    /// own.
    ///
    /// No executor_work_guard holds it: for an executor in an executor that allocates, and the
    /// guard's constructor is noexcept.
    static std::optional<executor_type> executor_of(const handler_type& handler,
                                                    const boost::asio::any_io_executor& otherwise) {
      executor_type const found = boost::asio::get_associated_executor(handler, no_executor{});
      // any_completion_handler gives none when it has no memory for one.
      if (!found) throw std::bad_alloc{};
      if (found.template target<no_executor>() != nullptr || found == executor_type{otherwise})
        return std::nullopt;
      return boost::asio::prefer(found, boost::asio::execution::outstanding_work.tracked);
    }

    /// Runs on the operation's executor first, then on the handler's if that is another one.
    void run(std::shared_ptr<loop_task> self) override {
      if (elsewhere && !std::exchange(is_there, true)) return dispatch(*elsewhere, self);
      auto called = take_handler();
      auto given = std::move(*arguments);
      elsewhere.reset();
      // The operation holds nothing when its handler is called.
      self.reset();
      std::apply([&](Args&... each) { std::move(called)(std::move(each)...); }, given);
    }

    handler_type take_handler() {
      auto slot = boost::asio::get_associated_cancellation_slot(handler);
      if (slot.is_connected()) slot.clear();
      return std::move(handler);
    }

    handler_type handler;
    std::optional<executor_type> elsewhere;
    /// The next executor that runs this is the handler's.
    bool is_there = false;
    std::optional<std::tuple<Args...>> arguments;
  };

  std::shared_ptr<completion> completion_;
};

using pending_handler = basic_pending_handler<boost::system::error_code, detail::report>;

/// The report of a run that never started.
inline detail::report not_started(const detail::refusal& why) noexcept {
  detail::report what;
  detail::give_reason(what.summary.reason, why.step);
  detail::give_gaps(what.summary.gaps, why.gaps);
  detail::add_gaps(what.summary.reason, why.gaps);
  return what;
}

/// Completes, from the event loop, an operation that could not be started.
inline void complete_refused(const boost::asio::any_io_executor& loop,
                             detail::report_handler handler, const detail::refusal& why) {
  pending_handler{std::move(handler), loop}.complete_later(loop, why.ec, not_started(why));
}

}  // namespace isolatte::inline v0_1::supervise

#endif
