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

/// The message with which a pool starts a worker. The worker's place, if there is one, and the
/// arguments of the initializer follow it.
struct worker_plan {
  /// worker_id::generation.
  std::uint64_t generation = 0;
  /// worker_id::slot.
  std::uint64_t slot = static_cast<std::uint64_t>(-1);
  /// The bytes of the place, by encode_place().
  std::uint64_t place_size = 0;
  /// Whether the worker says after each job how much memory is its own.
  std::uint64_t reports_memory = 0;
  /// If that is more than this, exactly.
  std::uint64_t most_memory = 0;
  /// If that has grown by more than this since it was ready, exactly.
  std::uint64_t most_growth = 0;
  /// How many nanoseconds the worker looks for a job before it sleeps.
  std::uint64_t spin = 0;
  /// Address 0: there is no initializer.
  code_address initializer;
  code_address initializer_function;
};

// Sent as it is in memory: padding would carry bytes of the program's memory.
static_assert(std::has_unique_object_representations_v<worker_plan>);

/// The files that a worker has of its pool; all open until the call has been sent.
struct worker_files {
  /// The worker's end of the socket.
  int socket = -1;
  /// The file of the page of its jobs.
  int page = -1;
  /// The pipe that the initializer's stderr leads to; -1: none.
  int initial_err = -1;
};

/// Makes the call that turns a child into a worker.
/// @param place by encode_place(), or nothing
detail::remote_call make_worker_call(worker_plan plan, const worker_files& files,
                                     std::span<const std::byte> place,
                                     std::span<const std::byte> initializer_arguments);

}  // namespace isolatte::inline v0_1::posix

#endif
