// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_OPERATION_OPERATION_HPP
#define ISOLATTE_DETAIL_OPERATION_OPERATION_HPP

#include <isolatte/config.hpp>
#include <isolatte/detail/task/child_task.hpp>
#include <isolatte/detail/task/message.hpp>
#include <isolatte/detail/vocabulary/byte_buffer.hpp>
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
                             options&& opts, talk_wish&& wish, report_handler handler);

/// Forks a child for the task and waits for it in the calling thread.
ISOLATTE_DECL boost::system::error_code run(child_task& task, options&& opts, talk_wish&& wish,
                                            report& result);

using sent_handler = boost::asio::any_completion_handler<void(boost::system::error_code)>;
using message_handler =
    boost::asio::any_completion_handler<void(boost::system::error_code, message)>;

/// Requests of a handle to its run.
enum class run_request { interrupt, request_exit, terminate, suspend, resume };

/// A run whose outcome is asked for separately, however it was launched. Destroying it ends the
/// run.
class ISOLATTE_VISIBLE run_body {
 public:
  ISOLATTE_DECL run_body() noexcept;
  run_body(const run_body&) = delete;
  run_body& operator=(const run_body&) = delete;
  ISOLATTE_DECL virtual ~run_body();

  virtual boost::asio::any_io_executor get_executor() const noexcept = 0;
  virtual int pid() const noexcept = 0;
  virtual bool running() const noexcept = 0;
  virtual boost::system::error_code signal(run_request what) noexcept = 0;
  virtual boost::system::error_code request_stop() noexcept = 0;
  virtual void async_wait(report_handler handler) = 0;
  virtual void async_receive(message_handler handler) = 0;
  virtual void async_send(byte_buffer message, sent_handler handler) = 0;
  virtual void close_input() noexcept = 0;
  virtual void close_output() noexcept = 0;
};

/// Owns a run, or none.
class run_handle {
 public:
  ISOLATTE_DECL run_handle() noexcept;
  ISOLATTE_DECL explicit run_handle(std::unique_ptr<run_body> body) noexcept;
  ISOLATTE_DECL run_handle(run_handle&& other) noexcept;
  ISOLATTE_DECL run_handle& operator=(run_handle&& other) noexcept;
  ISOLATTE_DECL ~run_handle();

  bool empty() const noexcept { return !body_; }
  // Without a run these say so.
  ISOLATTE_DECL boost::asio::any_io_executor get_executor() const noexcept;
  ISOLATTE_DECL int pid() const noexcept;
  ISOLATTE_DECL bool running() const noexcept;
  ISOLATTE_DECL boost::system::error_code signal(run_request what) noexcept;
  ISOLATTE_DECL boost::system::error_code request_stop() noexcept;
  ISOLATTE_DECL void close_input() noexcept;
  ISOLATTE_DECL void close_output() noexcept;
  /// The run of a handle that is not empty.
  run_body& body() const noexcept { return *body_; }

 private:
  std::unique_ptr<run_body> body_;
};

/// Forks a child for the task before it returns.
ISOLATTE_DECL run_handle spawn(const boost::asio::any_io_executor& executor, child_task& task,
                               options&& opts, talk_wish&& wish);

/// @throws boost::system::system_error with error::no_child if the handle is empty
ISOLATTE_DECL void require_child(const run_handle& run);

// These throw the same.

/// Waits for a run.
ISOLATTE_DECL void wait_for(run_handle* run, report_handler handler);
/// Waits for a run's next message.
ISOLATTE_DECL void receive_from(run_handle* run, message_handler handler);
/// Sends a message to a run.
ISOLATTE_DECL void send_to(run_handle* run, byte_buffer&& message, sent_handler handler);

}  // namespace isolatte::inline v0_1::detail

#endif
