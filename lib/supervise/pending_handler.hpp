// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_SUPERVISE_PENDING_HANDLER_HPP
#define ISOLATTE_LIB_SUPERVISE_PENDING_HANDLER_HPP

#include "vocabulary/errors.hpp"

#include <isolatte/detail/operation/operation.hpp>
#include <isolatte/detail/vocabulary/report.hpp>

#include <boost/asio/any_completion_executor.hpp>
#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/error_code.hpp>

#include <utility>

namespace isolatte::inline v0_1::supervise {

/// A user's handler, and the work that keeps its executor going until it is called.
template <class... Args>
class basic_pending_handler {
  using handler_type = boost::asio::any_completion_handler<void(Args...)>;
  using work_guard = boost::asio::executor_work_guard<boost::asio::any_completion_executor>;

 public:
  basic_pending_handler(handler_type handler, const boost::asio::any_io_executor& otherwise)
      : work_{boost::asio::get_associated_executor(handler, otherwise)},
        handler_{std::move(handler)} {}

  /// Calls the handler on its executor; here and now if the executor allows that.
  void complete(Args... args) && {
    auto const executor = work_.get_executor();
    boost::asio::dispatch(executor, [handler = std::move(handler_), work = std::move(work_),
                                     ... args = std::move(args)]() mutable {
      auto slot = boost::asio::get_associated_cancellation_slot(handler);
      if (slot.is_connected()) slot.clear();
      work.reset();
      std::move(handler)(std::move(args)...);
    });
  }

  /// Calls the handler from the event loop, never from here.
  void complete_later(const boost::asio::any_io_executor& loop, Args... args) && {
    boost::asio::post(loop, [next = std::move(*this), ... args = std::move(args)]() mutable {
      std::move(next).complete(std::move(args)...);
    });
  }

 private:
  work_guard work_;
  handler_type handler_;
};

using pending_handler = basic_pending_handler<boost::system::error_code, detail::report>;

/// The report of a run that never started.
inline detail::report not_started(const detail::refusal& why) {
  detail::report what;
  what.summary.reason = why.step;
  what.summary.gaps = why.gaps;
  for (auto const& gap : why.gaps)
    what.summary.reason += (&gap == &why.gaps.front() ? ": " : "; ") + gap;
  return what;
}

/// Completes, from the event loop, an operation that could not be started.
inline void complete_refused(const boost::asio::any_io_executor& loop,
                             detail::report_handler handler, const detail::refusal& why) {
  pending_handler{std::move(handler), loop}.complete_later(loop, why.ec, not_started(why));
}

}  // namespace isolatte::inline v0_1::supervise

#endif
