// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "launch/fork.hpp"
#include "launch/symboliser.hpp"
#include "supervise/pending_handler.hpp"
#include "vocabulary/errors.hpp"

#include <isolatte/detail/operation/operation.hpp>
#include <isolatte/error.hpp>

#include <boost/asio/io_context.hpp>

#include <exception>
#include <optional>
#include <thread>
#include <utility>

namespace isolatte::inline v0_1::detail {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

supervise::symbolise_function symboliser_for(const options& opts) {
  if (!opts.fault_report) return nullptr;
  return launch::symbolise_by_fork;
}

}  // namespace

void async_run(const asio::any_io_executor& executor, child_task& task, options&& opts,
               report_handler handler) {
  launch::launched child =
      launch::fork(executor, task, opts, symboliser_for(opts), std::move(handler));
  // Released first: another thread may call the handler before this one returns.
  task.release();
  opts = {};
  child.begin_or_refuse(executor);
}

error_code run(child_task& task, options&& opts, report& result) {
  struct answer {
    bool done = false;
    error_code ec;
    report what;
  };
  bool const early = opts.early;
  auto const context = std::make_shared<asio::io_context>(1);
  auto const given = std::make_shared<answer>();
  async_run(context->get_executor(), task, std::move(opts),
            [given](const error_code& ec, report what) {
              given->ec = ec;
              given->what = std::move(what);
              given->done = true;
            });
  while (!given->done && context->run_one() != 0) {
  }
  result = std::move(given->what);
  // The child is still to be reaped, by a loop that outlives this call.
  if (early) context->poll();
  if (early && !context->stopped()) {
    try {
      std::thread{[context] { context->run(); }}.detach();
    } catch (const std::exception&) {
      // No thread can be made. The child is being killed, so this takes no longer than that.
      context->run();
    }
  }
  return given->ec;
}

struct run_handle::implementation {
  asio::any_io_executor executor;
  /// Expires when its execution context is destroyed, which the handle may outlive.
  std::weak_ptr<supervise::supervisor> supervisor;
  std::shared_ptr<posix::child_process> process;
  /// Why there is no child.
  refusal refused;

  ~implementation() {
    if (auto const owned = supervisor.lock()) owned->release_by_owner();
  }
  /// The child's process, or null if there is none.
  posix::child_process* use() const noexcept {
    if (auto const owned = supervisor.lock()) owned->notice_copy();
    return process.get();
  }
};

run_handle::run_handle() noexcept = default;

run_handle::run_handle(const asio::any_io_executor& executor, child_task& task, options&& opts)
    : implementation_{std::make_unique<implementation>()} {
  // The handle's owner wants the child's end, not just its result.
  opts.early = false;
  implementation& self = *implementation_;
  self.executor = executor;
  launch::launched child = launch::fork(executor, task, opts, symboliser_for(opts));
  self.refused = child.refused;
  if (self.refused) return;
  child.supervisor->hold();
  self.supervisor = child.supervisor;
  self.process = child.child.process;
  child.begin();
}

run_handle::run_handle(run_handle&& other) noexcept = default;
run_handle& run_handle::operator=(run_handle&& other) noexcept = default;
run_handle::~run_handle() = default;

int run_handle::pid() const noexcept {
  auto const* const process = implementation_ ? implementation_->use() : nullptr;
  return process ? process->pid_here() : 0;
}

bool run_handle::running() const noexcept {
  auto* const process = implementation_ ? implementation_->use() : nullptr;
  return process && !process->ended();
}

error_code run_handle::signal(request what) noexcept {
  if (!implementation_) return error::no_child;
  if (!implementation_->use()) return implementation_->refused.ec;
  posix::child_process& process = *implementation_->process;
  switch (what) {
    case request::interrupt: return process.interrupt();
    case request::request_exit: return process.request_exit();
    case request::suspend: return process.suspend();
    case request::resume: return process.resume();
    case request::terminate: break;
  }
  if (auto const owner = implementation_->supervisor.lock()) owner->set_terminated_by_owner();
  return process.terminate();
}

asio::any_io_executor run_handle::get_executor() const noexcept {
  return implementation_ ? implementation_->executor : asio::any_io_executor{};
}

void run_handle::async_wait(report_handler handler) {
  if (auto const owner = implementation_->supervisor.lock()) {
    owner->async_wait(std::move(handler));
  } else {
    supervise::complete_refused(implementation_->executor, std::move(handler),
                                implementation_->refused);
  }
}

}  // namespace isolatte::inline v0_1::detail
