// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "job.hpp"

#include <isolatte/call.hpp>

#include <boost/asio/error.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace soak {

namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using isolatte::ending;

std::string check_all(const plan& what, incidents& seen, const error_code& ec,
                      const std::vector<isolatte::outcome<long>>& all) {
  if (ec && !is_allowed(what, ec, seen)) return "an error that may not be: " + ec.message();
  if (!ec && all.empty() && !what.disturbed()) return "no worker was asked";
  for (auto const& each : all) {
    // Workers leave at any time, or are ended by what their job does.
    if (each && *each != value_of<long>(what.what)) return "another value";
    if (!each && each.how() != ending::not_started && each.how() != ending::killed &&
        !what.disturbed())
      return "an ending that may not be: " + std::string{to_string(each.how())};
  }
  return {};
}

void run_everywhere(const std::shared_ptr<job>& what) {
  auto& pool = what->what.variant % 2 == 0 ? *what->in.warm_pool : *what->in.placed_pool;
  allocations_may_fail const fail;
  pool.async_run_everywhere(
      isolatte::call(perform<long>, what->what.what), {},
      asio::bind_executor(what->executor,
                          [what](error_code ec, const std::vector<isolatte::outcome<long>>& all) {
                            allocations_hold const hold;
                            what->finish(ec ? "everywhere: " + ec.message() : "everywhere",
                                         check_all(what->what, what->in.seen, ec, all));
                          }));
}

void manage(const std::shared_ptr<job>& what) {
  auto& in = what->in;
  auto& pool = what->what.variant % 3 == 0   ? *in.warm_pool
               : what->what.variant % 3 == 1 ? *in.fresh_pool
                                             : *in.placed_pool;
  // Each wait is given up after a moment: jobs come all the time, so a pool is seldom without any.
  auto const gives_up = std::make_shared<bool>(false);
  auto done = asio::bind_cancellation_slot(
      what->cancel.slot(), asio::bind_executor(what->executor, [what, gives_up](error_code ec) {
        allocations_hold const hold;
        bool const is_given_up = ec == asio::error::operation_aborted && *gives_up;
        what->finish("management: " + (ec ? ec.message() : "done"),
                     !ec || is_given_up || is_allowed(what->what, ec, what->in.seen)
                         ? ""
                         : "an error that may not be: " + ec.message());
      }));
  {
    allocations_may_fail const fail;
    switch (what->what.variant / 3 % 4) {
      case 0: pool.async_recycle(std::move(done)); break;
      case 1: pool.async_resize(1 + what->what.variant / 12 % 2, std::move(done)); break;
      case 2: pool.async_ready(std::move(done)); break;
      default: pool.async_drain(std::move(done)); break;
    }
  }
  what->after(std::chrono::milliseconds{300}, [what, gives_up] {
    *gives_up = true;
    what->cancel.emit(asio::cancellation_type::terminal);
  });
}

}  // namespace

void launch_management(const std::shared_ptr<job>& what) {
  if (what->what.by == launcher::everywhere)
    run_everywhere(what);
  else
    manage(what);
}

}  // namespace soak
