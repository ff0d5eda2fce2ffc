// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_OPERATION_OPERATION_HPP
#define ISOLATTE_DETAIL_OPERATION_OPERATION_HPP

#include <isolatte/config.hpp>
#include <isolatte/detail/task/child_task.hpp>
#include <isolatte/detail/vocabulary/report.hpp>
#include <isolatte/options.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/system/error_code.hpp>

#include <memory>
#include <vector>

namespace isolatte::inline v0_1::detail {

using report_signature = void(boost::system::error_code, report);
using report_handler = boost::asio::any_completion_handler<report_signature>;

using reports_handler =
    boost::asio::any_completion_handler<void(boost::system::error_code, std::vector<told_report>)>;

// Options are passed as rvalues all the way, and moved from once, in the library: a move of them is
// some hundred bytes of code.

/// Forks a child for the task before it returns, and completes with what became of it.
ISOLATTE_DECL void async_run(const boost::asio::any_io_executor& executor, child_task& task,
                             options&& opts, report_handler handler);

/// Forks a child for the task and waits for it in the calling thread.
ISOLATTE_DECL boost::system::error_code run(child_task& task, options&& opts, report& result);

/// A run whose outcome is asked for separately. Destroying the handle kills the run.
class run_handle {
 public:
  ISOLATTE_DECL run_handle() noexcept;
  ISOLATTE_DECL run_handle(const boost::asio::any_io_executor& executor, child_task& task,
                           options&& opts);
  ISOLATTE_DECL run_handle(run_handle&& other) noexcept;
  ISOLATTE_DECL run_handle& operator=(run_handle&& other) noexcept;
  ISOLATTE_DECL ~run_handle();

  bool empty() const noexcept { return !implementation_; }
  ISOLATTE_DECL int pid() const noexcept;
  ISOLATTE_DECL bool running() const noexcept;
  enum class request { interrupt, request_exit, terminate, suspend, resume };
  ISOLATTE_DECL boost::system::error_code signal(request what) noexcept;
  /// Returns no executor if the handle is empty.
  ISOLATTE_DECL boost::asio::any_io_executor get_executor() const noexcept;
  /// Must not be called for an empty handle.
  ISOLATTE_DECL void async_wait(report_handler handler);

 private:
  struct implementation;
  std::unique_ptr<implementation> implementation_;
};

/// @throws boost::system::system_error with error::no_child if the handle is empty
ISOLATTE_DECL void require_child(const run_handle& run);

/// Waits for a run, which must not be an empty handle's.
ISOLATTE_DECL void wait_for(run_handle* run, report_handler handler);

}  // namespace isolatte::inline v0_1::detail

#endif
