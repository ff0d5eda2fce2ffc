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

/// What a pool tells a worker when it is made. The initializer's arguments are behind it.
struct worker_plan {
  int socket = -1;
  int page = -1;
  bool report_memory = false;
  /// Not there where its address is 0.
  code_address initializer;
  code_address initializer_function;
};

/// The call that makes a worker of a child.
detail::remote_call make_worker_call(const worker_plan& plan,
                                     std::span<const std::byte> initializer_arguments);

}  // namespace isolatte::posix

#endif
