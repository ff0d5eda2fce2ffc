// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_CHILD_WORKER_MAIN_HPP
#define ISOLATTE_LIB_POSIX_CHILD_WORKER_MAIN_HPP

#include "posix/code_address.hpp"

#include <isolatte/detail/task/child_task.hpp>
#include <isolatte/detail/task/remote_call.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <type_traits>

namespace isolatte::inline v0_1::posix {

/// The message with which a pool starts a worker. The arguments of the initializer follow it.
struct worker_plan {
  std::uint64_t report_memory = 0;
  /// Address 0: there is no initializer.
  code_address initializer;
  code_address initializer_function;
};

// Sent as it is in memory: padding would carry bytes of the program's memory.
static_assert(std::has_unique_object_representations_v<worker_plan>);

/// Makes the call that turns a child into a worker.
/// @param socket the worker's end of the socket; open until the call has been sent
/// @param page the file of the page of its jobs; the same
detail::remote_call make_worker_call(const worker_plan& plan, int socket, int page,
                                     std::span<const std::byte> initializer_arguments);

}  // namespace isolatte::inline v0_1::posix

#endif
