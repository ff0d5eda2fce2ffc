// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_CHILD_WORKER_MAIN_HPP
#define ISOLATTE_LIB_POSIX_CHILD_WORKER_MAIN_HPP

#include "posix/code_address.hpp"

#include <isolatte/detail/task/child_task.hpp>
#include <isolatte/detail/task/remote_call.hpp>

#include <cstddef>
#include <memory>
#include <span>

namespace isolatte::posix {

/// The message with which a pool starts a worker. The arguments of the initializer follow it.
struct worker_plan {
  int socket = -1;
  int page = -1;
  bool report_memory = false;
  /// Address 0: there is no initializer.
  code_address initializer;
  code_address initializer_function;
};

/// Makes the call that turns a child into a worker.
detail::remote_call make_worker_call(const worker_plan& plan,
                                     std::span<const std::byte> initializer_arguments);

}  // namespace isolatte::posix

#endif
