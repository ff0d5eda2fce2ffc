// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "nats/host.hpp"

#include <isolatte/error.hpp>
#include <isolatte/nats.hpp>

#include <boost/system/system_error.hpp>

#include <utility>

namespace isolatte::inline v0_1::nats::detail {

struct host_handle::implementation {
  std::shared_ptr<host> body;

  ~implementation() {
    if (body) body->release();
  }
};

host_handle::host_handle(pool_handle& pool, farm_options&& opts)
    : implementation_{std::make_unique<implementation>()} {
  settings what{std::move(opts)};
  if (what.code().empty())
    throw boost::system::system_error{make_error_code(error::unknown_function),
                                      "isolatte: the program has no build id"};
  implementation_->body = host::make(pool, std::move(what));
}

host_handle::host_handle(host_handle&& other) noexcept = default;
host_handle& host_handle::operator=(host_handle&& other) noexcept = default;
host_handle::~host_handle() = default;

boost::asio::any_io_executor host_handle::get_executor() const noexcept {
  return implementation_->body->executor();
}

void host_handle::async_serve(wait_handler handler) {
  implementation_->body->async_serve(std::move(handler));
}

host_stats host_handle::stats() const { return implementation_->body->stats(); }

}  // namespace isolatte::inline v0_1::nats::detail
