// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "launch/fork.hpp"

#include "posix/child/fork_child.hpp"

namespace isolatte::launch {

launched fork(const boost::asio::any_io_executor& executor, detail::child_task& task,
              const options& opts, supervise::symbolise_function symbolise,
              boost::system::error_code& ec, const char*& step) {
  auto const create = [&](const posix::child_ends& ends, boost::system::error_code& error) {
    return posix::fork_child(task, ends, opts, error);
  };
  return launch(executor, opts, symbolise, create, ec, step);
}

}  // namespace isolatte::launch
