// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include <isolatte/child.hpp>

#include <boost/system/system_error.hpp>

#include <utility>

namespace isolatte::inline v0_1::detail {

using boost::system::error_code;

run_body::run_body() noexcept = default;
run_body::~run_body() = default;

run_handle::run_handle() noexcept = default;
run_handle::run_handle(std::unique_ptr<run_body> body) noexcept : body_{std::move(body)} {}
run_handle::run_handle(run_handle&& other) noexcept = default;
run_handle& run_handle::operator=(run_handle&& other) noexcept = default;
run_handle::~run_handle() = default;

boost::asio::any_io_executor run_handle::get_executor() const noexcept {
  return body_ ? body_->get_executor() : boost::asio::any_io_executor{};
}

int run_handle::pid() const noexcept { return body_ ? body_->pid() : 0; }

bool run_handle::running() const noexcept { return body_ && body_->running(); }

error_code run_handle::signal(run_request what) noexcept {
  return body_ ? body_->signal(what) : error_code{error::no_child};
}

error_code run_handle::request_stop() noexcept {
  return body_ ? body_->request_stop() : error_code{error::no_child};
}

void run_handle::close_input() noexcept {
  if (body_) body_->close_input();
}

void run_handle::close_output() noexcept {
  if (body_) body_->close_output();
}

void require_child(const run_handle& run) {
  if (run.empty())
    throw boost::system::system_error{error::no_child, "isolatte: the handle is empty"};
}

// A deferred operation may be started after its handle has been moved from.

void wait_for(run_handle* run, report_handler handler) {
  require_child(*run);
  run->body().async_wait(std::move(handler));
}

void receive_from(run_handle* run, message_handler handler) {
  require_child(*run);
  run->body().async_receive(std::move(handler));
}

void send_to(run_handle* run, byte_buffer&& message, sent_handler handler) {
  require_child(*run);
  run->body().async_send(std::move(message), std::move(handler));
}

}  // namespace isolatte::inline v0_1::detail
