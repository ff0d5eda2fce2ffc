// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "operation/job_run.hpp"
#include "pool/pool.hpp"

#include <isolatte/detail/operation/relayed_job.hpp>
#include <isolatte/detail/task/make_outcome.hpp>
#include <isolatte/worker_pool.hpp>

#include <boost/system/system_error.hpp>

#include <string>
#include <utility>

namespace isolatte::inline v0_1::detail {

namespace {

class job_in_pool final : public relayed_job {
 public:
  job_in_pool(const std::shared_ptr<pool::pool>& in, std::shared_ptr<pool::job> job)
      : pool_{in}, job_{std::move(job)} {}

  void cancel(boost::asio::cancellation_type type) noexcept override {
    if (auto const in = pool_.lock()) in->ask_to_cancel(job_, type);
  }
  void withdraw() noexcept override {
    if (auto const in = pool_.lock()) in->ask_to_withdraw(job_);
  }

 private:
  std::weak_ptr<pool::pool> pool_;
  std::shared_ptr<pool::job> job_;
};

}  // namespace

job_witness::~job_witness() = default;
relayed_job::~relayed_job() = default;

struct pool_handle::implementation {
  std::shared_ptr<pool::pool> pool;

  ~implementation() {
    if (pool) pool->release();
  }
};

pool_handle::pool_handle(const boost::asio::any_io_executor& executor, pool_options opts)
    : implementation_{std::make_unique<implementation>()} {
  refusal why;
  implementation_->pool = pool::pool::make(executor, std::move(opts), why);
  if (why) throw boost::system::system_error{why.ec, std::string{"isolatte: "} + why.step};
}

pool_handle::pool_handle(pool_handle&& other) noexcept = default;
pool_handle& pool_handle::operator=(pool_handle&& other) noexcept = default;
pool_handle::~pool_handle() = default;

boost::asio::any_io_executor pool_handle::get_executor() const noexcept {
  return implementation_->pool->executor();
}

std::size_t pool_handle::concurrency() const noexcept {
  return implementation_->pool->concurrency();
}

void pool_handle::async_run(const remote_call& call, const job_options& opts,
                            report_handler handler) {
  implementation_->pool->async_run(call, opts, std::move(handler));
}

void pool_handle::async_run_on(const boost::asio::any_io_executor& messages,
                               const remote_call& call, const job_options& opts,
                               report_handler handler) {
  implementation_->pool->async_run_on(messages, call, opts, std::move(handler));
}

run_handle pool_handle::spawn(const remote_call& call, const job_options& opts) {
  return run_handle{std::make_unique<job_run>(implementation_->pool, call, opts)};
}

std::shared_ptr<relayed_job> pool_handle::relay(const remote_call& call, const job_options& opts,
                                                std::shared_ptr<job_witness> witness,
                                                report_handler handler) {
  auto const& in = implementation_->pool;
  return std::make_shared<job_in_pool>(
      in, in->submit(in->executor(), call, opts, std::move(handler), std::move(witness)));
}

void pool_handle::async_drain(wait_handler handler) {
  implementation_->pool->async_drain(std::move(handler));
}

void pool_handle::async_recycle(wait_handler handler) {
  implementation_->pool->async_recycle(std::move(handler));
}

void pool_handle::async_ready(wait_handler handler) {
  implementation_->pool->async_ready(std::move(handler));
}

void pool_handle::async_resize(std::size_t workers, wait_handler handler) {
  implementation_->pool->async_resize(workers, std::move(handler));
}

void pool_handle::async_run_everywhere(const remote_call& call, const job_options& opts,
                                       reports_handler handler) {
  implementation_->pool->async_run_everywhere(call, opts, std::move(handler));
}

outcome<void> pool_handle::last_start_failure() const {
  auto [ec, what] = implementation_->pool->last_start_failure();
  return make_outcome<void>(ec, std::move(what));
}

void pool_handle::resume() { implementation_->pool->resume(); }

std::shared_ptr<void> pool_handle::promise_jobs() { return implementation_->pool->promise_jobs(); }

void pool_handle::stop() { implementation_->pool->stop(); }

pool_stats pool_handle::stats() const { return implementation_->pool->stats(); }

}  // namespace isolatte::inline v0_1::detail
