// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "job.hpp"

#include <isolatte/call.hpp>

#include <boost/asio/error.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace soak {

namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using isolatte::ending;

enum class errand { recycle, resize, ready, drain };
errand errand_of(const plan& what) { return static_cast<errand>(what.variant / 3 % 4); }

/// The most workers that a pool is to have after a change of its size. No pool has fewer at first.
constexpr std::size_t most_workers = 2;

isolatte::worker_pool& pool_of(const job& what) {
  switch (what.what.variant % 3) {
    case 0: return *what.in.warm_pool;
    case 1: return *what.in.fresh_pool;
    default: return *what.in.placed_pool;
  }
}

std::string check_all(const plan& what, incidents& seen, const error_code& ec,
                      const std::vector<isolatte::outcome<long>>& all) {
  if (ec && !is_allowed(what, ec, seen)) return "an error that may not be: " + ec.message();
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
                            // A pool has no worker for a moment after all of them were ended. More
                            // often it has none if they cannot be made.
                            bool const is_rare = all.empty() && !what->what.disturbed();
                            std::string const name = is_rare ? "everywhere: nobody" : "everywhere";
                            what->finish(ec ? "everywhere: " + ec.message() : name,
                                         check_all(what->what, what->in.seen, ec, all));
                          }));
}

/// @param gave_up whether the wait was cancelled
std::string check_management(const job& what, const isolatte::worker_pool& pool, bool gave_up,
                             const error_code& ec) {
  if (ec == asio::error::operation_aborted && gave_up) return {};
  if (ec && !is_allowed(what.what, ec, what.in.seen))
    return "an error that may not be: " + ec.message();
  // Other jobs may have chosen another size since, but none that is larger.
  bool const is_resized = errand_of(what.what) == errand::resize && !ec;
  if (is_resized && pool.concurrency() > most_workers) return "the pool has its old size";
  return {};
}

void manage(const std::shared_ptr<job>& what) {
  auto& pool = pool_of(*what);
  // Each wait is given up after a moment: jobs come all the time, so a pool is seldom without any.
  auto const gives_up = std::make_shared<bool>(false);
  auto done = asio::bind_cancellation_slot(
      what->cancel.slot(),
      asio::bind_executor(what->executor, [what, &pool, gives_up](error_code ec) {
        allocations_hold const hold;
        what->finish("management: " + (ec ? ec.message() : "done"),
                     check_management(*what, pool, *gives_up, ec));
      }));
  {
    allocations_may_fail const fail;
    switch (errand_of(what->what)) {
      case errand::recycle: pool.async_recycle(std::move(done)); break;
      case errand::resize:
        pool.async_resize(1 + what->what.variant / 12 % most_workers, std::move(done));
        break;
      case errand::ready: pool.async_ready(std::move(done)); break;
      case errand::drain: pool.async_drain(std::move(done)); break;
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
