// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_THIS_WORKER_HPP
#define ISOLATTE_THIS_WORKER_HPP

#include <isolatte/config.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace isolatte::inline v0_1 {

/// Functions by which a job, or a pool's initializer, speaks of the worker that runs it.
///
/// @par Thread safety
/// Safe: any thread of the worker may call these functions.
namespace this_worker {

/// Has the pool replace this worker after the job: the worker gets no more jobs, and its process
/// ends. For a job that has found that the process is of no more use: the device has an error that
/// sticks, a library is in a state that nothing repairs. The job's result is delivered as always,
/// also if the job throws after this.
///
/// Has no effect in a process that is no worker, so code that calls this can be run anywhere. A
/// call between two jobs, from a thread that the first one left, counts for the second.
/// @param reason the key of the worker in pool_stats::retired; up to 64 bytes of it count, and none
/// that is not printable. The first call's reason counts
ISOLATTE_DECL void retire(std::string_view reason) noexcept;

/// Returns a number below the pool's size that no other worker has while it runs jobs: for what
/// there is one of for each worker, a device, a port, a folder.
///
/// The worker that takes this one's place has the same number. In a pool with an initializer or
/// with pool_options::slots a worker has its number from the start, so the initializer can ask for
/// it, too, and a replacement that is made ahead of need shares it until it takes the first job.
/// Otherwise the worker has one from its first job on.
/// @return the number
/// @throws std::logic_error in a process that is no worker, and if the worker has no number yet
ISOLATTE_DECL std::size_t slot();

/// Returns the number of the worker in the order in which the pool has made them.
/// @return the number, from 1, which no other worker of the pool ever has
/// @throws std::logic_error in a process that is no worker
ISOLATTE_DECL std::uint64_t generation();

}  // namespace this_worker

}  // namespace isolatte::inline v0_1

#endif
