// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_OPERATION_JOB_RUN_HPP
#define ISOLATTE_LIB_OPERATION_JOB_RUN_HPP

#include "operation/kept_outcome.hpp"
#include "pool/job.hpp"
#include "pool/pool.hpp"

#include <isolatte/detail/operation/operation.hpp>
#include <isolatte/detail/task/remote_call.hpp>
#include <isolatte/pool_options.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/system/error_code.hpp>

#include <memory>

namespace isolatte::inline v0_1::detail {

/// A handle's run that is a job of a pool.
class job_run final : public run_body {
 public:
  job_run(const std::shared_ptr<pool::pool>& in, const remote_call& call, const job_options& opts);
  ~job_run() override;

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
  boost::asio::any_io_executor const executor_;
  std::weak_ptr<pool::pool> const pool_;
  std::shared_ptr<kept_outcome> const outcome_;
  std::shared_ptr<pool::job> const job_;
};

}  // namespace isolatte::inline v0_1::detail

#endif
