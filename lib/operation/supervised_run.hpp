// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_OPERATION_SUPERVISED_RUN_HPP
#define ISOLATTE_LIB_OPERATION_SUPERVISED_RUN_HPP

#include "posix/child_process.hpp"
#include "supervise/made_process.hpp"
#include "supervise/supervisor.hpp"
#include "supervise/talk.hpp"
#include "vocabulary/errors.hpp"

#include <isolatte/detail/operation/operation.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/system/error_code.hpp>

#include <memory>

namespace isolatte::inline v0_1::detail {

/// A handle's run that has a process of its own, or none could be made.
class supervised_run final : public run_body {
 public:
  explicit supervised_run(const boost::asio::any_io_executor& executor);
  ~supervised_run() override;

  /// Takes a run that is still to be begun.
  void hold(const std::shared_ptr<supervise::supervisor>& run);
  /// No child could be made.
  void refuse(refusal why) noexcept;

  boost::asio::any_io_executor get_executor() const noexcept override { return executor_; }
  int pid() const noexcept override;
  bool running() const noexcept override;
  boost::system::error_code signal(run_request what) noexcept override;
  boost::system::error_code request_stop() noexcept override;
  void async_wait(report_handler handler) override;
  void async_receive(message_handler handler) override;
  void async_send(byte_buffer message, sent_handler handler) override;
  void close_input() noexcept override;
  void close_output() noexcept override;

 private:
  std::shared_ptr<posix::child_process> use() const noexcept;

  boost::asio::any_io_executor const executor_;
  /// Expires when its execution context is destroyed, which the handle may outlive.
  std::weak_ptr<supervise::supervisor> supervisor_;
  std::weak_ptr<supervise::talk> talk_;
  std::shared_ptr<supervise::made_process> const process_;
  refusal refused_;
};

}  // namespace isolatte::inline v0_1::detail

#endif
