// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_SUPERVISE_EXECUTORS_HPP
#define ISOLATTE_LIB_SUPERVISE_EXECUTORS_HPP

#include "supervise/strand.hpp"

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include <chrono>
#include <utility>

namespace isolatte::inline v0_1::supervise {

using stream_descriptor = boost::asio::posix::basic_stream_descriptor<strand>;
using steady_timer =
    boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                      boost::asio::wait_traits<std::chrono::steady_clock>, strand>;

/// Gives a handler the memory of the strand that it runs on.
template <class Handler>
auto on_reserve(const strand& on, Handler handler) {
  return boost::asio::bind_allocator(on.allocator(), std::move(handler));
}

}  // namespace isolatte::inline v0_1::supervise

#endif
