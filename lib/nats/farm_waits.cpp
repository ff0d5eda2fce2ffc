// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "nats/farm_waits.hpp"

#include "nats/link/memory.hpp"

#include <boost/asio/error.hpp>

#include <utility>

namespace isolatte::inline v0_1::nats {

void farm_waits::add(std::uint64_t number, drain&& handler) {
  // A map has the memory for an element before it makes one.
  link::until_memory([&] { drains_.try_emplace(number, std::move(handler)); });
}

void farm_waits::add(std::uint64_t number, stats&& handler, std::shared_ptr<farm_census> asks) {
  link::until_memory([&] { censuses_.try_emplace(number, std::move(handler), std::move(asks)); });
}

void farm_waits::cancel(std::uint64_t number) {
  if (auto found = drains_.extract(number))
    std::move(found.mapped()).complete(boost::asio::error::operation_aborted);
  fail_census(number, boost::asio::error::operation_aborted);
}

void farm_waits::fail_census(std::uint64_t number, const boost::system::error_code& ec) {
  if (auto found = censuses_.extract(number)) std::move(found.mapped().handler).complete(ec, {});
}

void farm_waits::counted(std::uint64_t number, const farm_stats& what) {
  if (auto found = censuses_.extract(number)) std::move(found.mapped().handler).complete({}, what);
}

void farm_waits::complete_drains() {
  for (auto& [number, each] : std::exchange(drains_, {})) std::move(each).complete({});
}

void farm_waits::fail_censuses(const boost::system::error_code& ec) {
  for (auto& [number, each] : std::exchange(censuses_, {}))
    std::move(each.handler).complete(ec, {});
}

}  // namespace isolatte::inline v0_1::nats
