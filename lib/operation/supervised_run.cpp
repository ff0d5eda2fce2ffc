// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "operation/supervised_run.hpp"

#include "operation/request_type.hpp"
#include "supervise/pending_handler.hpp"

#include <boost/asio/error.hpp>
#include <boost/system/errc.hpp>

#include <utility>

namespace isolatte::inline v0_1::detail {

namespace asio = boost::asio;
using boost::system::error_code;

supervised_run::supervised_run(const asio::any_io_executor& executor)
    : executor_{executor}, process_{std::make_shared<supervise::made_process>()} {}

supervised_run::~supervised_run() {
  if (auto const owned = supervisor_.lock()) owned->release_by_owner();
  if (auto const talk = talk_.lock()) talk->close(asio::error::operation_aborted);
}

void supervised_run::hold(const std::shared_ptr<supervise::supervisor>& run) {
  run->hold(process_);
  supervisor_ = run;
  talk_ = run->conversation();
}

void supervised_run::refuse(refusal why) noexcept { refused_ = std::move(why); }

/// The child's process, or null if there is none.
std::shared_ptr<posix::child_process> supervised_run::use() const noexcept {
  if (auto const owned = supervisor_.lock()) owned->notice_copy();
  return process_->get();
}

int supervised_run::pid() const noexcept {
  auto const process = use();
  return process ? process->pid_here() : 0;
}

bool supervised_run::running() const noexcept {
  auto const process = use();
  return process && !process->ended();
}

error_code supervised_run::signal(run_request what) noexcept {
  if (refused_) return refused_.ec;
  auto const process = use();
  auto const owner = supervisor_.lock();
  if (!process) {
    if (!ends(what) || !owner) return make_error_code(boost::system::errc::no_such_process);
    owner->cancel_by_owner(type_of(what));
    return {};
  }
  switch (what) {
    case run_request::interrupt: return process->interrupt();
    case run_request::request_exit: return process->request_exit();
    case run_request::suspend: return process->suspend();
    case run_request::resume: return process->resume();
    case run_request::terminate: break;
  }
  if (owner) owner->set_terminated_by_owner();
  return process->terminate();
}

error_code supervised_run::request_stop() noexcept {
  if (refused_) return refused_.ec;
  auto const talk = talk_.lock();
  if (!talk || !talk->can_stop())
    return make_error_code(boost::system::errc::operation_not_supported);
  talk->request_stop();
  return {};
}

void supervised_run::async_wait(report_handler handler) {
  if (auto const owner = supervisor_.lock())
    owner->async_wait(std::move(handler));
  else
    supervise::complete_refused(executor_, std::move(handler), refused_);
}

void supervised_run::async_receive(message_handler handler) {
  if (auto const talk = talk_.lock()) return talk->async_receive(std::move(handler));
  supervise::basic_pending_handler<error_code, message>{std::move(handler), executor_}
      .complete_later(executor_, refused_.ec, {});
}

void supervised_run::async_send(byte_buffer message, sent_handler handler) {
  if (auto const talk = talk_.lock())
    return talk->async_send(std::move(message), std::move(handler));
  supervise::basic_pending_handler<error_code>{std::move(handler), executor_}.complete_later(
      executor_, refused_.ec);
}

void supervised_run::close_input() noexcept {
  if (auto const talk = talk_.lock()) talk->finish_sending();
}

void supervised_run::close_output() noexcept {
  if (auto const talk = talk_.lock()) talk->stop_taking();
}

}  // namespace isolatte::inline v0_1::detail
