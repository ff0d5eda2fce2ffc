// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_LAUNCH_FORK_LAUNCHER_HPP
#define ISOLATTE_LIB_LAUNCH_FORK_LAUNCHER_HPP

#include "posix/fork_child.hpp"
#include "supervise/supervisor.hpp"

#include <isolatte/detail/child_task.hpp>
#include <isolatte/options.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/system/error_code.hpp>

#include <memory>

namespace isolatte::launch {

/// A supervised child by fork, which is still to be begun.
struct forked {
  std::shared_ptr<supervise::supervisor> supervisor;
  posix::forked_child child;

  void begin() { supervisor->begin(child.process, std::move(child.page)); }
};

/// Forks a child for the task. Where it fails nothing is left, and `step` tells what failed.
forked fork(const boost::asio::any_io_executor& executor, detail::child_task& task,
            const options& opts, supervise::symbolise_function symbolise,
            boost::system::error_code& ec, const char*& step);

}  // namespace isolatte::launch

#endif
