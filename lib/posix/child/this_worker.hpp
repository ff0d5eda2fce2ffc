// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_CHILD_THIS_WORKER_HPP
#define ISOLATTE_LIB_POSIX_CHILD_THIS_WORKER_HPP

#include <isolatte/config.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace isolatte::inline v0_1::posix {

/// Makes this process a worker, for this_worker.
/// @param slot worker_id::no_slot if it has none yet
void become_worker(std::uint64_t generation, std::size_t slot) noexcept;
void set_worker_slot(std::size_t slot) noexcept;

/// The reason that this_worker::retire() was given; empty if it was not called. The text lives as
/// long as the process.
std::string_view reason_to_retire() noexcept;

}  // namespace isolatte::inline v0_1::posix

#endif
