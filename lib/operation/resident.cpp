// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "launch/adapted_options.hpp"
#include "launch/fork_source.hpp"
#include "launch/group_source.hpp"
#include "operation/job_run.hpp"
#include "operation/server_templates.hpp"
#include "pool/pool.hpp"
#include "vocabulary/errors.hpp"

#include <isolatte/resident.hpp>

#include <boost/system/system_error.hpp>

#include <string>
#include <utility>

namespace isolatte::inline v0_1::detail {

namespace {

std::shared_ptr<pool::pool> make_pool(const boost::asio::any_io_executor& executor,
                                      remote_call make, resident_options opts,
                                      pool::pool::server_pointer source) {
  if (auto changed = launch::adapted(opts.child)) opts.child = std::move(*changed);
  pool_options how{.workers = 1,
                   .initializer = startup_call{std::move(make)},
                   .worker = std::move(opts.child),
                   .startup = {.timeout = opts.make_timeout, .give_up_after = 1}};
  auto const state = opts.restart == restart::always ? logic::bound_state::restarts
                                                     : logic::bound_state::stays_lost;
  refusal why;
  auto made = pool::pool::make_bound(executor, std::move(how), state, std::move(source), why);
  if (why) throw boost::system::system_error{why.ec, std::string{"isolatte: "} + why.step};
  return made;
}

}  // namespace

struct resident_handle::implementation {
  std::shared_ptr<pool::pool> pool;

  ~implementation() { pool->release(); }
};

resident_handle::resident_handle(const boost::asio::any_io_executor& executor, remote_call make,
                                 resident_options opts)
    : implementation_{new implementation{make_pool(executor, std::move(make), std::move(opts),
                                                   std::make_shared<launch::fork_source>())}} {}

resident_handle::resident_handle(const server_handle& server, remote_call make,
                                 resident_options opts)
    : implementation_{new implementation{
          make_pool(server.get_executor(), std::move(make), std::move(opts),
                    std::make_shared<launch::group_source>(templates_of(server)))}} {}

resident_handle::resident_handle(resident_handle&& other) noexcept = default;
resident_handle& resident_handle::operator=(resident_handle&& other) noexcept = default;
resident_handle::~resident_handle() = default;

boost::asio::any_io_executor resident_handle::get_executor() const noexcept {
  return implementation_->pool->executor();
}

void resident_handle::async_call(const remote_call& call, const job_options& opts,
                                 report_handler handler) {
  implementation_->pool->async_run(call, opts, std::move(handler));
}

run_handle resident_handle::spawn(const remote_call& call, const job_options& opts) {
  return run_handle{std::make_unique<job_run>(implementation_->pool, call, opts)};
}

void resident_handle::async_ready(wait_handler handler) {
  implementation_->pool->async_ready(std::move(handler));
}

void resident_handle::async_restart(wait_handler handler) {
  implementation_->pool->async_restart(std::move(handler));
}

std::uint64_t resident_handle::generation() const noexcept {
  return implementation_->pool->generation();
}

int resident_handle::pid() const noexcept { return implementation_->pool->worker_pid(); }

void resident_handle::stop() { implementation_->pool->stop(); }

}  // namespace isolatte::inline v0_1::detail
