// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "operation/job_run.hpp"

#include "operation/request_type.hpp"

#include <boost/asio/error.hpp>
#include <boost/system/errc.hpp>

#include <utility>

namespace isolatte::inline v0_1::detail {

namespace asio = boost::asio;
using boost::system::error_code;

job_run::job_run(const std::shared_ptr<pool::pool>& in, const remote_call& call,
                 const job_options& opts)
    : executor_{in->executor()},
      pool_{in},
      outcome_{kept_outcome::make(executor_)},
      job_{in->submit(executor_, call, opts, [kept = outcome_](const error_code& ec, report what) {
        kept->take(ec, std::move(what));
      })} {}

job_run::~job_run() {
  outcome_->release();
  if (auto const in = pool_.lock())
    in->forsake(job_);
  else if (job_->talk)
    job_->talk->close();
}

int job_run::pid() const noexcept { return job_->made.is_elsewhere() ? 0 : job_->pid.load(); }

bool job_run::running() const noexcept {
  return !job_->made.is_elsewhere() && job_->pid != 0 && !job_->is_complete;
}

error_code job_run::signal(run_request what) noexcept {
  if (!ends(what)) return make_error_code(boost::system::errc::operation_not_supported);
  auto const in = pool_.lock();
  if (!in || job_->made.is_elsewhere())
    return make_error_code(boost::system::errc::no_such_process);
  in->ask_to_cancel(job_, type_of(what));
  return {};
}

error_code job_run::request_stop() noexcept {
  if (!job_->talk || !job_->talk->talk()->can_stop())
    return make_error_code(boost::system::errc::operation_not_supported);
  job_->talk->talk()->request_stop();
  return {};
}

void job_run::async_wait(report_handler handler) { outcome_->async_wait(std::move(handler)); }

void job_run::async_receive(message_handler handler) {
  job_->talk->talk()->async_receive(std::move(handler));
}

void job_run::async_send(byte_buffer message, sent_handler handler) {
  job_->talk->talk()->async_send(std::move(message), std::move(handler));
}

void job_run::close_input() noexcept { job_->talk->talk()->finish_sending(); }

void job_run::close_output() noexcept { job_->talk->talk()->stop_taking(); }

}  // namespace isolatte::inline v0_1::detail
