// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "nats/farm_body.hpp"

#include <isolatte/nats.hpp>

#include <cstddef>
#include <memory>
#include <utility>

namespace isolatte::inline v0_1::nats::detail {

struct farm_handle::implementation {
  boost::asio::any_io_executor executor;
  std::size_t concurrency;
  std::shared_ptr<farm_body> body;
};

farm_handle::farm_handle(const boost::asio::any_io_executor& executor, farm_options&& opts) {
  auto const concurrency = opts.max_in_flight;
  implementation_ = std::make_unique<implementation>(
      implementation{executor, concurrency, farm_body::make(executor, std::move(opts))});
}

farm_handle::farm_handle(farm_handle&& other) noexcept = default;

farm_handle& farm_handle::operator=(farm_handle&& other) noexcept {
  if (this != &other) {
    if (implementation_) implementation_->body->stop();
    implementation_ = std::move(other.implementation_);
  }
  return *this;
}

farm_handle::~farm_handle() {
  if (implementation_) implementation_->body->stop();
}

boost::asio::any_io_executor farm_handle::get_executor() const noexcept {
  return implementation_->executor;
}

std::size_t farm_handle::concurrency() const noexcept { return implementation_->concurrency; }

void farm_handle::async_run(std::optional<distant_call>&& call, const farm_job_options& opts,
                            report_handler handler) {
  implementation_->body->async_run(std::move(call), opts, std::move(handler));
}

void farm_handle::async_drain(wait_handler handler) {
  implementation_->body->async_drain(std::move(handler));
}

void farm_handle::async_stats(stats_handler handler) {
  implementation_->body->async_stats(std::move(handler));
}

std::shared_ptr<void> farm_handle::promise_jobs() { return implementation_->body->promise_jobs(); }

void farm_handle::stop() { implementation_->body->stop(); }

}  // namespace isolatte::inline v0_1::nats::detail
