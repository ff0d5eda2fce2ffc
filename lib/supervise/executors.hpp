// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_SUPERVISE_EXECUTORS_HPP
#define ISOLATTE_LIB_SUPERVISE_EXECUTORS_HPP

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/strand.hpp>

#include <chrono>

namespace isolatte::inline v0_1::supervise {

/// Serialises the steps of one run, whatever executor the operation was given.
using strand = boost::asio::strand<boost::asio::any_io_executor>;
using stream_descriptor = boost::asio::posix::basic_stream_descriptor<strand>;
using steady_timer =
    boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                      boost::asio::wait_traits<std::chrono::steady_clock>, strand>;

}  // namespace isolatte::inline v0_1::supervise

#endif
