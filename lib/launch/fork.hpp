// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_LAUNCH_FORK_HPP
#define ISOLATTE_LIB_LAUNCH_FORK_HPP

#include "launch/launched.hpp"

#include <isolatte/detail/task/child_task.hpp>
#include <isolatte/options.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/system/error_code.hpp>

namespace isolatte::launch {

/// Forks a child for the task. Where it fails nothing is left, and `step` tells what failed.
launched fork(const boost::asio::any_io_executor& executor, detail::child_task& task,
              const options& opts, supervise::symbolise_function symbolise,
              boost::system::error_code& ec, const char*& step);

}  // namespace isolatte::launch

#endif
