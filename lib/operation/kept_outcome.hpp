// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_OPERATION_KEPT_OUTCOME_HPP
#define ISOLATTE_LIB_OPERATION_KEPT_OUTCOME_HPP

#include "supervise/context_service.hpp"
#include "supervise/pending_handler.hpp"

#include <isolatte/detail/operation/operation.hpp>
#include <isolatte/detail/vocabulary/report.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/system/error_code.hpp>

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>

namespace isolatte::inline v0_1::detail {

/// Keeps the outcome of a job until it is waited for, once. For any thread.
class kept_outcome final : public supervise::context_bound,
                           public std::enable_shared_from_this<kept_outcome> {
  struct only_make {};

 public:
  /// @throws std::bad_alloc
  static std::shared_ptr<kept_outcome> make(const boost::asio::any_io_executor& executor);
  kept_outcome(only_make, const boost::asio::any_io_executor& executor) : executor_{executor} {}

  /// The job is done.
  void take(const boost::system::error_code& ec, report what);
  /// The handle is destroyed: a wait is aborted, and the outcome is dropped.
  void release();
  /// Cancelling ends the wait alone.
  void async_wait(report_handler handler);

  /// Destroys the handler of a wait, which may own the handle that this belongs to.
  void abandon() noexcept override;
  /// The pool tells the jobs of a copy.
  void disown() override {}

 private:
  void cancel(std::uint64_t number);
  void complete(std::unique_lock<std::mutex> lock, const boost::system::error_code& ec,
                report what);

  boost::asio::any_io_executor const executor_;
  std::mutex mutex_;
  std::optional<told_report> outcome_;
  /// Emplaced, never assigned: Boost 1.81's assignment of a handler in it never returns.
  std::optional<supervise::pending_handler> waiting_;
  std::uint64_t number_ = 0;
  bool delivered_ = false;
  bool released_ = false;
  supervise::context_service::membership membership_;
};

}  // namespace isolatte::inline v0_1::detail

#endif
